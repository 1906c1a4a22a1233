using Cloze.Checkpoints;
using Cloze.Models;
using Cloze.Ops;
using Cloze.Pipelines;
namespace Cloze.Cli.Commands;

/// <summary>Where the sequences of packed rows begin and end: <c>input.cu_seqlens.r</c>, B+1 ascending columns from 0 to S for row r.</summary>
/// <remarks>
/// They alone say what is computed: every segment is an ordinary sequence, one of pads included, and the attention mask is not read.
/// Each row is a call of its own, as one micro-batch is for the code that trained ModernBERT.
/// </remarks>
internal sealed class ForwardSegments(IReadOnlyList<int[]> bounds, int length)
{
    private const string Prefix = "input.cu_seqlens.";

    /// <summary>Null: the file has none.</summary>
    /// <param name="rows">B.</param>
    /// <param name="length">S.</param>
    /// <exception cref="CommandException">A row has none, a number names no row, or they do not rise from 0 to S.</exception>
    public static ForwardSegments? Read(Safetensors file, string path, int rows, int length)
    {
        string[] names = [.. file.Tensors.Keys.Where(IsBounds)], wanted = [.. Enumerable.Range(0, rows).Select(row => $"{Prefix}{row}")];
        if (names.Length == 0) return null;
        if (wanted.Except(names).FirstOrDefault() is { } missing) throw new CommandException($"{path} has {names[0]} but no {missing}; every one of its {rows} rows needs one.");
        if (names.Except(wanted).FirstOrDefault() is { } other) throw new CommandException($"{path}: {other} is of no row; there are {rows} rows, from 0 on.");
        return new([.. wanted.Select(name => Bounds(name, file.Find(name)!.ReadIntegers()))], length);

        int[] Bounds(string name, int[] columns)
        {
            bool rise = columns.Length > 1 && columns[0] == 0 && columns[^1] == length && columns.Zip(columns.Skip(1)).All(pair => pair.First < pair.Second);
            return rise ? columns : throw new CommandException($"{path}: {name} is {string.Join(", ", columns)}; columns that rise from 0 to {length} are needed.");
        }
    }

    public static bool IsBounds(string name) => name.StartsWith(Prefix, StringComparison.Ordinal);

    public int Rows => bounds.Count;

    /// <summary>Sequences of all rows.</summary>
    public int Count => bounds.Sum(row => row.Length - 1);

    /// <summary>All rows, with a choice of global tokens for each segment.</summary>
    public PaddedTokens WithGlobal(PaddedTokens all, GlobalAttention global, int separator)
    {
        int[] mask = new int[all.Ids.Length];
        int first = 0;
        for (int row = 0; row < Rows; row++)
        {
            (int segments, int longest) = Size(row);
            int[] ofRow = global.Mask(Tokens(all, row), separator, first);
            for (int segment = 0; segment < segments; segment++)
            {
                (int from, int to) = (bounds[row][segment], bounds[row][segment + 1]);
                ofRow.AsSpan(segment * longest, to - from).CopyTo(mask.AsSpan(row * length + from));
            }
            first += segments;
        }
        return all with { Global = mask };
    }

    /// <summary>The sequences of a row, padded to the longest.</summary>
    public PaddedTokens Tokens(PaddedTokens all, int row)
    {
        (int segments, int longest) = Size(row);
        return new(segments, longest, Of(all.Ids, row, 0)!)
        {
            Mask = Of([.. Enumerable.Repeat(1, all.Ids.Length)], row, 0),
            Types = Of(all.Types, row, 0),
            Positions = Of(all.Positions, row, 0),
            Global = Of(all.Global, row, 0),
        };
    }

    /// <summary>The labels of a row's tokens.</summary>
    public TaskLabels Labels(TaskLabels all, int row) => new() { Classes = Of(all.Classes, row, Ops.Labels.Ignored) };

    /// <summary>B·S values → a row's, laid out as its sequences are.</summary>
    private int[]? Of(int[]? all, int row, int beyond)
    {
        if (all is null) return null;
        (int segments, int longest) = Size(row);
        int[] values = new int[segments * longest];
        Array.Fill(values, beyond);
        for (int segment = 0; segment < segments; segment++)
            all.AsSpan(row * length)[bounds[row][segment]..bounds[row][segment + 1]].CopyTo(values.AsSpan(segment * longest));
        return values;
    }

    private (int Segments, int Longest) Size(int row) =>
        (bounds[row].Length - 1, bounds[row].Zip(bounds[row].Skip(1)).Max(pair => pair.Second - pair.First));
}
