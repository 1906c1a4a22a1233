using System.IO.Enumeration;
namespace Cloze.Checkpoints;

/// <summary>What lies in a folder at any depth.</summary>
internal static class FolderTree
{
    private static readonly EnumerationOptions s_all = new() { RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = false };

    /// <summary>Files, folders and links; links to folders are not entered, which may lead out or in a circle.</summary>
    public static IEnumerable<FileSystemInfo> Entries(string path) =>
        new FileSystemEnumerable<FileSystemInfo>(path, static (ref entry) => entry.ToFileSystemInfo(), s_all)
        {
            ShouldRecursePredicate = static (ref entry) => (entry.Attributes & FileAttributes.ReparsePoint) == 0,
        };
}
