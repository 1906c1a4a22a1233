namespace Cloze.Tests;

/// <summary>Where the tests find the repository, and the reference data that may lie beside it in <c>../shared</c>.</summary>
internal static class Shared
{
    /// <summary>The folder that holds Cloze.slnx.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>Reference data that is not part of the repository: recorded outputs, original files, corpora.</summary>
    public static string Root { get; } = System.IO.Path.GetFullPath(System.IO.Path.Combine(Repository, "..", "shared"));

    public static bool IsPresent => Directory.Exists(Root);

    /// <summary>A file or folder below <see cref="Root"/>.</summary>
    public static string Path(params string[] parts) => System.IO.Path.Combine([Root, .. parts]);

    /// <summary>Skips the running test where <see cref="Root"/> is absent.</summary>
    public static void RequireOrSkip() => Assert.SkipUnless(IsPresent, $"needs the reference data in {Root}, which is not part of the repository");

    private static string FindRepository()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(System.IO.Path.Combine(folder.FullName, "Cloze.slnx"))) folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException($"No Cloze.slnx in {AppContext.BaseDirectory} or a folder above it.");
    }
}
