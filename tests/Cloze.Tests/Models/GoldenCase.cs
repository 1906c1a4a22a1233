using System.Text.Json;
using Cloze.Models;
using Cloze.Ops;
namespace Cloze.Tests.Models;

/// <summary>One folder of recorded outputs of a reference implementation: config.json, model.safetensors, case.json, reference.safetensors.</summary>
internal sealed class GoldenCase
{
    /// <summary>Relative to the largest recorded value of a tensor.</summary>
    private const double Tolerance = 1e-5;

    private readonly GoldenTensors _reference;
    private readonly HashSet<string> _compared = [];
    private readonly List<string> _faults = [];

    public GoldenCase(string folder)
    {
        Folder = folder;
        using JsonDocument about = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "case.json")));
        Class = about.RootElement.GetProperty("class").GetString()!.Split(' ')[0];
        _reference = new(Path.Combine(folder, "reference.safetensors"));
    }

    public string Folder { get; }

    /// <summary>The class that recorded it: "RobertaForMaskedLM".</summary>
    public string Class { get; }

    /// <summary>A case of DeBERTaV3's pretraining: two networks in one file.</summary>
    public bool IsPair => Class == "RTDModel";

    /// <summary>The task of the class.</summary>
    public ModelTask TaskOn(IArchitecture architecture) => architecture.Classes[Class];

    public bool Has(string name) => _reference.Has(name);
    public GoldenTensor this[string name] => _reference[name];

    /// <summary>[B,S], or [B,choices,S]: 1, or choices.</summary>
    public int Choices => this["input.input_ids"].Shape is [_, int choices, _] ? choices : 1;

    /// <summary>The inputs; [B,choices,S] as B·choices sequences.</summary>
    public PaddedTokens Tokens(string ids = "input.input_ids")
    {
        GoldenTensor given = this[ids];
        int length = given.Shape[^1];
        int[] values = given.Integers();
        return new(values.Length / length, length, values)
        {
            Mask = Optional("input.attention_mask"),
            Types = Optional("input.token_type_ids"),
            Positions = Optional("input.position_ids"),
            Global = Optional("input.global_attention_mask"),
        };
    }

    public TaskLabels Labels() => new()
    {
        Classes = _reference.Find("label.labels") is { IsFloat: false } labels ? labels.Integers() : null,
        Values = _reference.Find("label.labels") is { IsFloat: true } values ? values.Floats() : null,
        Order = Optional("label.next_sentence_label") ?? Optional("label.sentence_order_label"),
        Starts = Optional("label.start_positions"),
        Ends = Optional("label.end_positions"),
    };

    /// <summary>Compares a head's output under its name, as its rows stand in the file.</summary>
    public void Compare<T>(TaskOutput<T> output, float[] values, PackedTokens packed) where T : class
    {
        if (output.Rows is OutputRows.Tokens or OutputRows.TokenScores) CompareTokens($"output.{output.Name}", values, packed);
        else Compare($"output.{output.Name}", values);
    }

    /// <summary>Compares one row a real token with the recorded row of its place.</summary>
    public void CompareTokens(string name, ReadOnlySpan<float> got, PackedTokens packed)
    {
        if (!Has(name)) return;
        float[] padded = this[name].Floats(), want = new float[got.Length];
        int width = got.Length / packed.Batch.Tokens;
        if (padded.Length != packed.Length * packed.Batch.Sequences * width) { Fault($"{name}: {width} columns are not those of {padded.Length} values"); return; }
        for (int row = 0; row < packed.Batch.Tokens; row++) padded.AsSpan(packed.Places.Span[row] * width, width).CopyTo(want.AsSpan(row * width));
        Judge(name, got, want);
    }

    /// <summary>Compares all elements in their order.</summary>
    public void Compare(string name, ReadOnlySpan<float> got)
    {
        if (Has(name)) Judge(name, got, this[name].Floats());
    }

    public void Expect(bool holds, string fault)
    {
        if (!holds) Fault(fault);
    }

    /// <summary>All that was not as recorded, and what was recorded and not computed.</summary>
    /// <remarks>Attention probabilities never stand in memory; what follows a generator's step is a matter of training.</remarks>
    public IEnumerable<string> Faults()
    {
        string[] others = ["output.attentions", "output.global_attentions", "output.after_generator_step"];
        return _faults.Concat(_reference.Names
            .Where(name => name.StartsWith("output.", StringComparison.Ordinal) && !_compared.Contains(name) && !others.Any(other => name.StartsWith(other, StringComparison.Ordinal)))
            .Select(name => $"{name}: not computed"));
    }

    private int[]? Optional(string name) => _reference.Find(name)?.Integers();

    private void Fault(string fault) => _faults.Add(fault);

    private void Judge(string name, ReadOnlySpan<float> got, ReadOnlySpan<float> want)
    {
        _compared.Add(name);
        if (got.Length != want.Length) { Fault($"{name}: {got.Length} values, {want.Length} recorded"); return; }
        double worst = 0, largest = 0;
        for (int i = 0; i < got.Length; i++)
        {
            double difference = Math.Abs((double)got[i] - want[i]);
            worst = Math.Max(worst, double.IsNaN(difference) ? double.PositiveInfinity : difference);
            largest = Math.Max(largest, Math.Abs(want[i]));
        }
        if (!(worst <= Tolerance * largest)) Fault($"{name}: {worst:e2} off, {worst / largest:e2} of the largest");
    }
}
