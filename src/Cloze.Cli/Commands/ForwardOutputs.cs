using Cloze.Checkpoints;
using Cloze.Cpu;
using Cloze.Models;
using Cloze.Ops;
namespace Cloze.Cli.Commands;

/// <summary>Outputs in the padded layout, as the reference returns them, copied out of the call that made them.</summary>
/// <param name="tensors">Receives them.</param>
/// <param name="row">
/// Where the batch is the sequences of one row, end to end: which. Its number ends the names, and token outputs are [S,…] of that row.
/// </param>
internal sealed class ForwardOutputs(List<NewTensor> tensors, PackedTokens packed, int choices, int? row = null)
{
    public void Add(string name, OutputRows rows, CpuTensor x)
    {
        int sequences = packed.Batch.Sequences, columns = x.Columns;
        float[] values = x.ToArray();
        (long[] shape, float[] laidOut) = rows switch
        {
            OutputRows.Tokens when row is not null => ([x.Rows, columns], values),
            OutputRows.TokenScores when row is not null => ([x.Rows], values),
            OutputRows.Tokens => ([sequences, packed.Length, columns], packed.Pad(values, columns)),
            OutputRows.TokenScores => ([sequences, packed.Length], packed.Pad(values, columns)),
            OutputRows.Choices => ([sequences / choices, choices], values),
            OutputRows.None => ([], values),
            OutputRows.Sequences or OutputRows.Labelled => (new long[] { x.Rows, columns }, values),
            _ => throw new ArgumentOutOfRangeException(nameof(rows), rows, "No layout."),
        };
        tensors.Add(NewTensor.Of($"output.{Named(name)}", shape, laidOut));
    }

    public void Add(TaskOutput<CpuTensor> output) => Add(output.Name, output.Rows, output.Value);

    /// <summary>Some numbers in a row.</summary>
    public void Add(string name, float[] numbers) => tensors.Add(NewTensor.Of($"output.{Named(name)}", [numbers.Length], numbers));

    private string Named(string name) => row is null ? name : $"{name}.{row}";
}
