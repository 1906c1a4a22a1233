using System.Diagnostics;
using System.Text;
using System.Text.Json;
namespace Cloze.Tests.Cli;

/// <summary>The built command, started as a user starts it.</summary>
internal static class ClozeProcess
{
    public sealed record Result(int ExitCode, byte[] Bytes, string Error)
    {
        public string Output => Encoding.UTF8.GetString(Bytes);
        public string[] Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        public JsonElement[] Json => [.. Lines.Select(line => JsonDocument.Parse(line).RootElement)];

        public Result Succeeded()
        {
            Assert.True(ExitCode == 0, $"exit code {ExitCode}\n{Error}");
            return this;
        }

        /// <summary>Refused as a person expects: the exit code, one message that holds the words, no stack trace, nothing on stdout.</summary>
        public void Refused(int exitCode, params string[] words)
        {
            Assert.True(exitCode == ExitCode, $"exit code {ExitCode}\n{Output}\n{Error}");
            foreach (string word in words) Assert.Contains(word, Error, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", Error, StringComparison.Ordinal);
            Assert.Empty(Bytes);
        }
    }

    /// <summary>The executable of the configuration that the tests were built in.</summary>
    public static string Executable { get; } = Path.Combine(Shared.Repository, "artifacts", "bin", "Cloze.Cli",
        new DirectoryInfo(AppContext.BaseDirectory).Name, OperatingSystem.IsWindows() ? "cloze.exe" : "cloze");

    public static Task<Result> RunAsync(params string[] arguments) => RunAsync(arguments, input: "");

    public static Task<Result> RunAsync(string[] arguments, string input) => RunAsync(arguments, Encoding.UTF8.GetBytes(input));

    public static async Task<Result> RunAsync(string[] arguments, byte[] input, string? folder = null, params (string Name, string Value)[] environment)
    {
        using Process process = Start(arguments, folder, environment);
        Task<byte[]> output = ReadAsync(process.StandardOutput.BaseStream);
        Task<string> error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(input, TestContext.Current.CancellationToken);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // the process has ended without reading its input, as a refused one does
        }
        await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromMinutes(3), TestContext.Current.CancellationToken);
        return new(process.ExitCode, await output, await error);
    }

    public static Process Start(string[] arguments, string? folder = null, params (string Name, string Value)[] environment)
    {
        ProcessStartInfo start = new(Executable, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? Shared.Repository,
        };
        start.Environment.Remove("CLOZE_MODEL");
        start.Environment.Remove("CLOZE_THREADS");
        start.Environment["HF_HUB_OFFLINE"] = "1"; // no test leaves this machine
        foreach ((string name, string value) in environment) start.Environment[name] = value;
        return Process.Start(start) ?? throw new InvalidOperationException($"{Executable} did not start.");
    }

    private static async Task<byte[]> ReadAsync(Stream stream)
    {
        using MemoryStream all = new();
        await stream.CopyToAsync(all, TestContext.Current.CancellationToken);
        return all.ToArray();
    }
}
