using Cloze.Checkpoints;
using Cloze.Cpu;
using Cloze.Models;
using Cloze.Ops;
namespace Cloze.Cli.Commands;

/// <summary>Outputs in the padded layout, as the reference returns them, copied out of the call that made them.</summary>
internal sealed class ForwardOutputs(PackedTokens packed, int choices)
{
    private readonly List<NewTensor> _tensors = [];

    public IReadOnlyList<NewTensor> Tensors => _tensors;

    public void Add(string name, OutputRows rows, CpuTensor x)
    {
        int sequences = packed.Batch.Sequences, columns = x.Columns;
        float[] values = x.ToArray();
        (int[] shape, float[] laidOut) = rows switch
        {
            OutputRows.Tokens => ([sequences, packed.Length, columns], packed.Pad(values, columns)),
            OutputRows.TokenScores => ([sequences, packed.Length], packed.Pad(values, columns)),
            OutputRows.Choices => ([sequences / choices, choices], values),
            OutputRows.Sequences or OutputRows.Labelled => (new[] { x.Rows, columns }, values),
            _ => throw new ArgumentOutOfRangeException(nameof(rows), rows, "No layout."),
        };
        _tensors.Add(NewTensor.Of($"output.{name}", shape, laidOut));
    }

    public void AddScalar(string name, CpuTensor x) => _tensors.Add(NewTensor.Of($"output.{name}", [], x.ToArray()));
}
