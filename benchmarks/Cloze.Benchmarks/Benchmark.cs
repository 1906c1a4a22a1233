namespace Cloze.Benchmarks;

/// <summary>One benchmark: it times or measures something, and writes a table in Markdown to stdout.</summary>
/// <param name="Run">Takes its arguments, and whether it shall only show within seconds that it runs, without ../shared; returns an exit code.</param>
internal sealed record Benchmark(string Name, string Summary, Func<string[], bool, int> Run);
