using System.Xml.Linq;
namespace Cloze.Tests.Repository;

/// <summary>Arrows between projects and between folders of the core point downwards only.</summary>
public class ArrowsTests
{
    private static readonly string s_core = Path.Combine(Shared.Repository, "src", "Cloze");

    private static readonly SourceFile[] s_files =
    [
        .. Directory.EnumerateFiles(s_core, "*.cs", SearchOption.AllDirectories)
            .Select(path => new SourceFile(Path.GetRelativePath(s_core, path).Replace('\\', '/'), File.ReadAllText(path)))
            .OrderBy(file => file.Path, StringComparer.Ordinal),
    ];

    [Fact]
    public void Folders_NameOnlyWhatStandsBelowThem()
    {
        Assert.True(s_files.Length > 30, "the sources were not found");
        IReadOnlyList<string> faults = Arrows.Faults(s_files);
        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    [Fact]
    public void UnsafeCode_StandsUnderKernelsAndCpu_AndInTheOneFileThatMapsCheckpoints()
    {
        IReadOnlyList<string> others = Arrows.Unsafe(s_files);
        Assert.True(others.Count <= 1 && others.All(path => path.StartsWith("Checkpoints/", StringComparison.Ordinal)), string.Join('\n', others));
    }

    [Fact]
    public void Projects_ReferenceOnlyWhatStandsBelowThem()
    {
        Assert.Empty(References("src/Cloze/Cloze.csproj", "ProjectReference"));
        Assert.Equal(["../Cloze/Cloze.csproj"], References("src/Cloze.Cli/Cloze.Cli.csproj", "ProjectReference"));
        Assert.Empty(References("src/Cloze/Cloze.csproj", "Using"));
    }

    private static IEnumerable<string> References(string project, string item) =>
        XDocument.Load(Path.Combine(Shared.Repository, project)).Descendants(item).Select(element => element.Attribute("Include")!.Value);

    /// <summary>The checker itself: one wrong line put into a real file is found, and only that.</summary>
    [Theory]
    [InlineData("Models/Bert.cs", "using Cloze.Cpu;", "names Cpu")]
    [InlineData("Models/Bert.cs", "using static Cloze.Kernels.RowKernels;", "names Kernels")]
    [InlineData("Models/Bert.cs", "using Fast = global::Cloze.Cpu.CpuOps;", "names Cpu", "names the reading CpuOps")]
    [InlineData("Models/Bert.cs", "file class X { object Y => new Cpu.CpuTensor(1, 1); }", "names Cpu")]
    [InlineData("Models/Bert.cs", "file class X { CostOps? Y; }", "names the reading CostOps")]
    [InlineData("Ops/IOps.cs", "using Cloze.Kernels;", "names Kernels")]
    [InlineData("Ops/IOps.cs", "file class X { void Y() => Pipelines.LoadedModel.Load(string.Empty); }", "names Pipelines")]
    [InlineData("Ops/IOps.cs", "namespace Cloze.Models { file class X; }", "is in namespace Cloze.Models", "names Models")]
    [InlineData("Heads/Pooler.cs", "using Cloze.Models;", "names Models")]
    [InlineData("Cpu/CpuOps.cs", "using Cloze.Checkpoints;", "names Checkpoints")]
    [InlineData("Checkpoints/Checkpoint.cs", "using Cloze.Pipelines;", "names Pipelines")]
    [InlineData("Pipelines/LoadedModel.cs", "global using Cloze.Ops;", "a global using")]
    [InlineData("Pipelines/LoadedModel.cs", "using Cloze.Kernels;", "names Kernels")]
    [InlineData("CheckpointException.cs", "using Cloze.Ops;", "names Ops")]
    public void ABrokenArrow_IsFound(string path, string line, params string[] expected)
    {
        SourceFile[] mutated = [.. s_files.Select(file => file.Path == path ? file with { Text = $"{line}\n{file.Text}" } : file)];
        string[] faults = [.. Arrows.Faults(mutated).Except(Arrows.Faults(s_files))];
        Assert.Equal(expected.Length, faults.Length);
        foreach (string fault in expected) Assert.Contains(faults, found => found.StartsWith($"{path}: {fault}", StringComparison.Ordinal));
    }

    [Fact]
    public void AnUnknownFolder_AndUnsafeCodeInAModel_AreFound()
    {
        Assert.Contains("Helpers", Assert.Single(Arrows.Faults([new("Helpers/X.cs", "namespace Cloze.Helpers;")])), StringComparison.Ordinal);
        Assert.Equal(["Models/X.cs"], Arrows.Unsafe([new("Models/X.cs", "unsafe class X;"), new("Kernels/X.cs", "unsafe class X;"), new("Ops/X.cs", "// unsafe")]));
    }

    [Fact]
    public void WhatStandsInCommentsAndTexts_IsNotAnArrow() =>
        Assert.Empty(Arrows.Faults([new("Ops/X.cs", "namespace Cloze.Ops;\n// Cloze.Cpu.CpuOps\n/* Kernels.Matrix */ class X { string Y => \"Cloze.Models.Bert\"; }")]));
}
