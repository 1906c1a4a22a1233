using System.CommandLine;
using System.Reflection.PortableExecutable;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Cloze.Cli.Output;
using Cloze.Cpu;
namespace Cloze.Cli;

/// <summary><c>cloze --info</c>: what the figures of this machine depend on.</summary>
internal static class BuildInfo
{
    public static int Show(ParseResult parsed)
    {
        (string Name, string Value)[] facts =
        [
            ("version", CommandLine.Version),
            ("cpu", CpuName()),
            ("cores", Environment.ProcessorCount.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            ("threads", ThreadCount.Of(parsed).ToString(System.Globalization.CultureInfo.InvariantCulture)),
            ("instruction_sets", string.Join(' ', InstructionSets())),
            ("used", CpuRuntime.Instructions),
            ("build", BuildKind()),
            ("runtime", RuntimeInformation.FrameworkDescription),
            ("platform", RuntimeInformation.RuntimeIdentifier),
            ("default_model", DefaultModel.Beside),
        ];
        if (CommandHost.IsForPerson(parsed))
        {
            foreach ((string name, string value) in facts) Console.Out.WriteLine($"{name.Replace('_', ' '),-17} {value}");
            return CommandHost.Done;
        }
        using JsonLines lines = new(new StandardOutput());
        lines.Line(facts, static (json, facts) =>
        {
            json.WriteStartObject();
            foreach ((string name, string value) in facts)
            {
                if (int.TryParse(value, out int number)) json.WriteNumber(name, number); else json.WriteString(name, value);
            }
            json.WriteEndObject();
        });
        return CommandHost.Done;
    }

    private static string CpuName()
    {
        const string Cpus = "/proc/cpuinfo", Key = "model name";
        string? line = File.Exists(Cpus) ? File.ReadLines(Cpus).FirstOrDefault(line => line.StartsWith(Key, StringComparison.Ordinal)) : null;
        return line is null ? RuntimeInformation.ProcessArchitecture.ToString() : line[(line.IndexOf(':') + 1)..].Trim();
    }

    private static string BuildKind()
    {
        if (!RuntimeFeature.IsDynamicCodeCompiled) return "NativeAOT";
        string assembly = Path.Combine(AppContext.BaseDirectory, $"{typeof(CpuRuntime).Assembly.GetName().Name}.dll");
        if (!File.Exists(assembly)) return "JIT";
        using PEReader reader = new(File.OpenRead(assembly));
        return reader.PEHeaders.CorHeader is { ManagedNativeHeaderDirectory.Size: > 0 } ? "ReadyToRun, kernels by JIT" : "JIT";
    }

    private static IEnumerable<string> InstructionSets()
    {
        if (Sse42.IsSupported) yield return "sse4.2";
        if (Avx.IsSupported) yield return "avx";
        if (Avx2.IsSupported) yield return "avx2";
        if (Fma.IsSupported) yield return "fma";
        if (Avx512F.IsSupported) yield return "avx512f";
        if (Avx512BW.IsSupported) yield return "avx512bw";
        if (System.Runtime.Intrinsics.Arm.AdvSimd.IsSupported) yield return "neon";
    }
}
