using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
namespace Cloze.Benchmarks;

/// <summary>What a figure was measured on: the head of every table in benchmarks/results.</summary>
internal static class Machine
{
    public static string Cpu { get; } = CpuName();

    /// <summary>The widest instruction sets that the runtime offers here.</summary>
    public static string InstructionSets => Avx512F.IsSupported ? "AVX-512" : Avx2.IsSupported && Fma.IsSupported ? "AVX2, FMA" : "128 bits or none";

    /// <summary>The folder that holds Cloze.slnx.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>CPU, runtime, versions and the command, as a Markdown list.</summary>
    public static string Describe(string command, params string[] versions) => string.Join('\n',
    [
        $"- CPU: {Cpu}, {Environment.ProcessorCount} logical cores, {InstructionSets}",
        $"- {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}, {RuntimeInformation.RuntimeIdentifier}",
        $"- Cloze {Version(typeof(Ops.Rows).Assembly)}",
        .. versions.Select(version => $"- {version}"),
        $"- command: `dotnet run -c Release --project benchmarks/Cloze.Benchmarks -- {command}`",
    ]);

    public static string Version(Assembly assembly) => assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "?";

    private static string CpuName()
    {
        const string Info = "/proc/cpuinfo";
        string? line = File.Exists(Info) ? File.ReadLines(Info).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal)) : null;
        return line?[(line.IndexOf(':') + 1)..].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
    }

    private static string FindRepository()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Cloze.slnx"))) folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException($"No Cloze.slnx above {AppContext.BaseDirectory}.");
    }
}
