using Cloze.Checkpoints;
namespace Cloze.Cli.Commands;

/// <summary>Where outputs may be written.</summary>
internal static class ForwardPlaces
{
    private const int MostLinks = 40, FoldersDeep = 2;

    /// <summary>Refuses to overwrite what the run reads. In a model's folder only outputs of an earlier run are overwritten.</summary>
    /// <param name="folders">The model's, and that of its adapter.</param>
    /// <exception cref="CommandException">It would be overwritten.</exception>
    public static void RequireOwn(string outputs, string inputs, IEnumerable<string> folders)
    {
        if (!File.Exists(outputs)) return;
        string place = RealPath(outputs);
        if (place == RealPath(inputs)) throw new CommandException($"--outputs is the file of --inputs, {inputs}; name another.");
        EnumerationOptions within = new() { RecurseSubdirectories = true, MaxRecursionDepth = FoldersDeep, IgnoreInaccessible = true };
        foreach (string folder in folders.Where(Directory.Exists))
        {
            if (Directory.EnumerateFiles(folder, "*", within).All(path => RealPath(path) != place) || IsOutputs(place)) continue;
            throw new CommandException($"--outputs is {outputs}, a file of the model's folder {folder}; name another.");
        }
    }

    private static bool IsOutputs(string path)
    {
        if (Path.GetExtension(path) != ".safetensors") return false;
        using Safetensors file = Safetensors.Open(path);
        return file.Tensors.Keys.All(name => name.StartsWith("output.", StringComparison.Ordinal));
    }

    /// <summary>Links followed, as they are when the outputs are written.</summary>
    private static string RealPath(string path, int links = 0)
    {
        if (links > MostLinks) throw new IOException($"{path}: links lead in a circle.");
        string full = Path.GetFullPath(path);
        if (Path.GetDirectoryName(full) is not { } parent) return full;
        string folder = RealPath(parent, links), real = Path.Combine(folder, Path.GetFileName(full));
        return new FileInfo(real).LinkTarget is { } target ? RealPath(Path.Combine(folder, target), links + 1) : real;
    }
}
