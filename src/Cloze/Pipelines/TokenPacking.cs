using Cloze.Ops;
namespace Cloze.Pipelines;

/// <summary>Packs texts of a window, which have no holes, into a batch that lies in memory of its own, used again for the next. For one thread.</summary>
internal sealed class TokenPacking
{
    private int[] _ids = [], _types = [], _positions = [], _columns = [], _rows = [], _sequenceOfRow = [];
    private int[] _starts = [], _groups = [];
    private bool[] _isReal = [], _isGlobal = [];

    /// <summary>The batch; until the next call.</summary>
    /// <param name="order">Texts of the window, in the order of the batch's sequences: the low 32 bits.</param>
    /// <param name="globalRules">Of each text of the window.</param>
    /// <param name="limits">What ids, types and positions are checked against.</param>
    /// <exception cref="ArgumentException">A token's id, type or position is not in the model's tables.</exception>
    public TokenBatch Pack(TokenWindow window, ReadOnlySpan<long> order, PositionRule positionRule, Func<int, GlobalRule> globalRules, InputLimits limits)
    {
        int tokens = 0, sequences = order.Length;
        foreach (long text in order) tokens += window.Length((int)text);
        Reserve(tokens, sequences);
        for (int sequence = 0, start = 0; sequence < sequences; sequence++)
        {
            ReadOnlySpan<int> text = window.Ids((int)order[sequence]);
            text.CopyTo(_ids.AsSpan(start));
            window.TypeIds((int)order[sequence]).CopyTo(_types.AsSpan(start));
            positionRule(text, _positions.AsSpan(start, text.Length));
            globalRules((int)order[sequence])(text, _isReal.AsSpan(start, text.Length), _isGlobal.AsSpan(start, text.Length));
            for (int column = 0; column < text.Length; column++)
            {
                TokenBatchBuilder.Check(limits, sequence, column, text[column], _types[start + column], _positions[start + column]);
                _columns[start + column] = column;
            }
            _sequenceOfRow.AsSpan(start, text.Length).Fill(sequence);
            _starts[sequence + 1] = start += text.Length;
        }
        ReadOnlyMemory<int> starts = _starts.AsMemory(0, sequences + 1), groups = _groups.AsMemory(0, sequences + 1);
        RowSet all = new(Of(_rows), starts);
        return new()
        {
            Ids = Of(_ids),
            Types = Of(_types),
            Positions = Of(_positions),
            Columns = Of(_columns),
            All = all,
            Global = TokenBatchBuilder.Choose(all, _isGlobal.AsSpan(0, tokens)),
            First = new(new(starts[..^1]), groups),
            SequenceOfRow = Of(_sequenceOfRow),
        };

        Rows Of(int[] values) => new(values.AsMemory(0, tokens));
    }

    private void Reserve(int tokens, int sequences)
    {
        if (_ids.Length < tokens)
        {
            int size = Math.Max(tokens, 2 * _ids.Length);
            (_ids, _types, _positions, _columns, _rows, _sequenceOfRow) = (new int[size], new int[size], new int[size], new int[size], new int[size],
                new int[size]);
            (_isReal, _isGlobal) = (new bool[size], new bool[size]);
            Array.Fill(_isReal, true);
            for (int row = 0; row < size; row++) _rows[row] = row;
        }
        if (_starts.Length <= sequences)
        {
            (_starts, _groups) = (new int[2 * sequences + 1], new int[2 * sequences + 1]);
            for (int group = 0; group < _groups.Length; group++) _groups[group] = group;
        }
        Array.Clear(_isGlobal);
    }

    /// <summary>The rows of a batch without the first <paramref name="count"/> tokens of each sequence: what is pooled where a prompt is left out.</summary>
    /// <exception cref="ArgumentException">A sequence has no token left.</exception>
    public static RowSet WithoutFirst(TokenBatch batch, int count)
    {
        List<int> kept = [], starts = [0];
        for (int sequence = 0; sequence < batch.Sequences; sequence++)
        {
            ReadOnlySpan<int> rows = batch.All[sequence];
            if (rows.Length <= count)
                throw new ArgumentException($"The prompt takes all of the {rows.Length} tokens that the model reads of a text; "
                    + "nothing is left to pool. Give a shorter prompt.");
            kept.AddRange(rows[count..]);
            starts.Add(kept.Count);
        }
        return new(new([.. kept]), starts.ToArray());
    }
}
