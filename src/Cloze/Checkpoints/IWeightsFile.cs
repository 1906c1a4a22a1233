namespace Cloze.Checkpoints;

/// <summary>An open file of tensors, whatever its format.</summary>
internal interface IWeightsFile : IDisposable
{
    string Path { get; }
    /// <summary>By name as stored.</summary>
    IReadOnlyDictionary<string, FileTensor> Tensors { get; }

    /// <summary>Keeps the file mapped until the result is disposed: for a call that uses values in place.</summary>
    /// <exception cref="ObjectDisposedException">The file is closed.</exception>
    IDisposable Hold();
}

/// <summary>Several files that are held together.</summary>
internal sealed class HeldFiles : IDisposable
{
    private readonly List<IDisposable> _held = [];

    /// <summary>All of them, or none where one is closed already.</summary>
    public static IDisposable Of<T>(IReadOnlyList<T> files, Func<T, IDisposable> hold)
    {
        if (files is [T only]) return hold(only);
        HeldFiles held = new();
        try
        {
            foreach (T file in files) held._held.Add(hold(file));
            return held;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (IDisposable file in _held) file.Dispose();
    }
}
