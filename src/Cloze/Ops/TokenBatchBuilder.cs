namespace Cloze.Ops;

/// <summary>B sequences of S columns as a tokenizer pads them, row-major: each array holds B·S elements.</summary>
/// <param name="Sequences">B.</param>
/// <param name="Length">S.</param>
/// <param name="Ids">Rows of the word table.</param>
public sealed record PaddedTokens(int Sequences, int Length, int[] Ids)
{
    /// <summary>0: the column does not exist. Default: all exist.</summary>
    public int[]? Mask { get; init; }
    /// <summary>Default: 0.</summary>
    public int[]? Types { get; init; }
    /// <summary>Rows of the position table, instead of what the architecture's rule gives.</summary>
    public int[]? Positions { get; init; }
    /// <summary>Not 0: a global token, instead of what the architecture's rule gives.</summary>
    public int[]? Global { get; init; }

    /// <summary>Whether a token stands at sequence · length + column.</summary>
    public bool IsReal(int place) => Mask is null || Mask[place] != 0;

    /// <summary>One sequence of them.</summary>
    public PaddedTokens Alone(int sequence)
    {
        return new(1, Length, Part(Ids)!) { Mask = Part(Mask), Types = Part(Types), Positions = Part(Positions), Global = Part(Global) };

        int[]? Part(int[]? all) => all?.AsSpan(sequence * Length, Length).ToArray();
    }
}

/// <summary>Rows of the position table for one sequence as it was given: a pure function of its ids.</summary>
public delegate void PositionRule(ReadOnlySpan<int> ids, Span<int> positions);

/// <summary>Marks the global columns of one sequence as it was given: a pure function of its ids. Marks on pads are dropped later.</summary>
public delegate void GlobalRule(ReadOnlySpan<int> ids, ReadOnlySpan<bool> real, Span<bool> global);

/// <summary>How architectures number positions.</summary>
public static class PositionRules
{
    /// <summary>The column (BERT).</summary>
    public static readonly PositionRule Columns = (ids, positions) =>
    {
        for (int i = 0; i < ids.Length; i++) positions[i] = i;
    };

    /// <summary>The pad id + the count of ids so far that are not it; the pad id itself for a pad (RoBERTa, Longformer).</summary>
    /// <param name="padId">−1 is no token's: positions are then the columns.</param>
    public static PositionRule AfterPad(int padId) => (ids, positions) =>
    {
        int count = 0;
        for (int i = 0; i < ids.Length; i++) positions[i] = padId + (ids[i] == padId ? 0 : ++count);
    };
}

/// <summary>Which columns architectures make global where the caller names none.</summary>
public static class GlobalRules
{
    /// <summary>No column.</summary>
    public static readonly GlobalRule None = (ids, real, global) => { };

    /// <summary>The first real token (Longformer: sequence classification).</summary>
    public static readonly GlobalRule First = (ids, real, global) => global[real.IndexOf(true)] = true;

    /// <summary>All before the first separator, which is excluded (Longformer: question answering).</summary>
    /// <exception cref="ArgumentException">A sequence has not exactly three separators.</exception>
    public static GlobalRule Question(int separatorId) => (ids, real, global) => global[..FirstOfThree(ids, separatorId)].Fill(true);

    /// <summary>All before the first separator, however many follow: a caller's choice, where the rule above is a head's own.</summary>
    /// <exception cref="ArgumentException">A sequence has none.</exception>
    public static GlobalRule BeforeSeparator(int separatorId) => (ids, real, global) => global[..FirstOf(ids, real, separatorId)].Fill(true);

    /// <summary>All after the pair of separators that ends the first segment (Longformer: multiple choice).</summary>
    /// <exception cref="ArgumentException">A sequence has not exactly three separators.</exception>
    public static GlobalRule SecondSegment(int separatorId) => (ids, real, global) => global[(FirstOfThree(ids, separatorId) + 2)..].Fill(true);

    private static int FirstOf(ReadOnlySpan<int> ids, ReadOnlySpan<bool> real, int separatorId)
    {
        for (int column = 0; column < ids.Length; column++) if (real[column] && ids[column] == separatorId) return column;
        throw new ArgumentException($"A question's tokens are to be global, but a sequence has no separator (id {separatorId}) that ends it.");
    }

    private static int FirstOfThree(ReadOnlySpan<int> ids, int separatorId) =>
        ids.Count(separatorId) == 3
            ? ids.IndexOf(separatorId)
            : throw new ArgumentException($"The default global attention needs exactly 3 separators (id {separatorId}) in each sequence; "
                + $"found {ids.Count(separatorId)}. Give a global attention mask.");
}

/// <summary>A batch, and where its rows stood before the pads were dropped.</summary>
/// <param name="Batch">N tokens of B sequences.</param>
/// <param name="Places">Sequence · <see cref="PaddedTokens.Length"/> + column of each row, N, ascending.</param>
/// <param name="Length">S of the padded batch.</param>
public sealed record PackedTokens(TokenBatch Batch, Rows Places, int Length)
{
    /// <summary>The sequence and the column that a row came from.</summary>
    public (int Sequence, int Column) Origin(int row) => Math.DivRem(Places.Span[row], Length);

    /// <summary>Of B·S values in the layout of <see cref="PaddedTokens"/> those of the rows.</summary>
    public int[] Of(ReadOnlySpan<int> padded)
    {
        int[] values = new int[Places.Count];
        for (int row = 0; row < values.Length; row++) values[row] = padded[Places.Span[row]];
        return values;
    }

    /// <summary>Rows of the batch in the layout of <see cref="PaddedTokens"/>, [B,S,width], with zeros where no token is.</summary>
    /// <param name="rows">N · width values.</param>
    public float[] Pad(ReadOnlySpan<float> rows, int width)
    {
        float[] padded = new float[(long)Batch.Sequences * Length * width];
        for (int row = 0; row < Places.Count; row++) rows.Slice(row * width, width).CopyTo(padded.AsSpan(Places.Span[row] * width));
        return padded;
    }

    /// <summary>The rows with a label that counts, and their labels: what masked language modelling predicts.</summary>
    /// <param name="padded">B·S labels.</param>
    /// <param name="counts">Default: all but <see cref="Labels.Ignored"/>.</param>
    public (RowSet Rows, Labels Labels) Labelled(int[] padded, Func<int, bool>? counts = null)
    {
        counts ??= label => label != Labels.Ignored;
        return (Where(place => counts(padded[place])), new([.. Of(padded).Where(counts)]));
    }

    /// <summary>For each sequence the place among its tokens of a column (an answer's start or end): below 0 is 0; ignored where no token stands.</summary>
    public Labels PlacesOf(ReadOnlySpan<int> columns)
    {
        int[] places = new int[columns.Length];
        for (int sequence = 0; sequence < places.Length; sequence++)
        {
            ReadOnlySpan<int> starts = Batch.All.Starts.Span;
            int column = Math.Max(columns[sequence], 0);
            int place = column < Length ? Places.Span[starts[sequence]..starts[sequence + 1]].IndexOf(sequence * Length + column) : -1;
            places[sequence] = place < 0 ? Labels.Ignored : place;
        }
        return new(places);
    }

    /// <summary>The rows whose place (sequence · length + column) is chosen.</summary>
    public RowSet Where(Func<int, bool> isChosen)
    {
        ReadOnlySpan<int> places = Places.Span;
        bool[] chosen = new bool[places.Length];
        for (int row = 0; row < chosen.Length; row++) chosen[row] = isChosen(places[row]);
        return TokenBatchBuilder.Choose(Batch.All, chosen);
    }
}

/// <summary>Makes packed batches of padded ones.</summary>
public static class TokenBatchBuilder
{
    /// <summary>Drops the pads. Real tokens keep the column they had, also after a hole.</summary>
    /// <param name="limits">What ids, types and positions are checked against; null: they are not.</param>
    /// <param name="closesHoles">
    /// Columns and positions count the real tokens instead, and given positions are not read: the rows of an implementation that drops pads before it
    /// looks where tokens stand.
    /// </param>
    /// <exception cref="ArgumentException">
    /// There is no sequence, one has no token, an array has not B·S elements, or a token's id, type or position is not in the model's tables.
    /// </exception>
    public static PackedTokens Pack(PaddedTokens padded, PositionRule positionRule, GlobalRule globalRule, InputLimits? limits = null, bool closesHoles = false)
    {
        if (padded.Sequences < 1) throw new ArgumentException("The batch has no sequence.");
        int length = padded.Length, all = padded.Sequences * length;
        foreach (int[]? given in (int[]?[])[padded.Ids, padded.Mask, padded.Types, padded.Positions, padded.Global])
            if (given is not null && given.Length != all) throw new ArgumentException($"{given.Length} elements given for {padded.Sequences} sequences of {length} columns.");

        List<int> ids = [], types = [], positions = [], columns = [], places = [], starts = [], sequenceOfRow = [];
        List<bool> isGlobal = [];
        int[] position = new int[length];
        bool[] real = new bool[length], global = new bool[length];
        for (int sequence = 0; sequence < padded.Sequences; sequence++)
        {
            int offset = sequence * length;
            starts.Add(ids.Count);
            for (int column = 0; column < length; column++) real[column] = padded.IsReal(offset + column);
            if (!real.Contains(true)) throw new ArgumentException($"Sequence {sequence} has no token: all of its columns are masked.");

            ReadOnlySpan<int> given = padded.Ids.AsSpan(offset, length);
            Array.Clear(global);
            if (padded.Positions is null) positionRule(given, position); else Array.Copy(padded.Positions, offset, position, 0, length);
            if (padded.Global is null) globalRule(given, real, global); else for (int i = 0; i < length; i++) global[i] = padded.Global[offset + i] != 0;

            for (int column = 0; column < length; column++)
            {
                if (!real[column]) continue;
                int type = padded.Types?[offset + column] ?? 0;
                if (limits is not null) Check(limits, sequence, column, given[column], type, position[column]);
                int closed = ids.Count - starts[^1];
                ids.Add(given[column]);
                types.Add(limits is { Types: null } ? 0 : type);
                positions.Add(closesHoles ? closed : position[column]);
                columns.Add(closesHoles ? closed : column);
                places.Add(offset + column);
                sequenceOfRow.Add(sequence);
                isGlobal.Add(global[column]);
            }
        }
        int[] firsts = [.. starts];
        starts.Add(ids.Count);

        RowSet everything = new(new([.. Enumerable.Range(0, ids.Count)]), starts.ToArray());
        TokenBatch batch = new()
        {
            Ids = new([.. ids]),
            Types = new([.. types]),
            Positions = new([.. positions]),
            Columns = new([.. columns]),
            All = everything,
            Global = Choose(everything, [.. isGlobal]),
            First = new(new(firsts), Enumerable.Range(0, firsts.Length + 1).ToArray()),
            SequenceOfRow = new([.. sequenceOfRow]),
        };
        return new(batch, new([.. places]), length);
    }

    /// <exception cref="ArgumentException">The token's id, type, position or column is not in the model's tables.</exception>
    internal static void Check(InputLimits limits, int sequence, int column, int id, int type, int position)
    {
        if ((uint)id >= (uint)limits.Words) Fail($"id {id} is not in the vocabulary (0 … {limits.Words - 1})");
        if (limits.Types is int types && (uint)type >= (uint)types) Fail($"type {type} is not in the type table (0 … {types - 1})");
        if (limits.Positions is int positions && (uint)position >= (uint)positions)
        {
            int most = positions - Math.Max(position - column, 0);   // RoBERTa counts from behind pad_token_id
            string remedy = position >= positions && most > 0 ? $", which is enough for {most} tokens: longer sequences must be truncated" : "";
            Fail($"position {position} is not in the position table (0 … {positions - 1}){remedy}");
        }
        if (limits.Rotates && position < 0) Fail($"position {position} is below 0");
        if (limits.Columns is int columns && column >= columns) Fail($"the model knows {columns} columns: longer sequences must be truncated");

        void Fail(string fault) => throw new ArgumentException($"Sequence {sequence}, column {column}: {fault}.");
    }

    /// <summary>The chosen ones of all rows, by sequence.</summary>
    internal static RowSet Choose(RowSet all, ReadOnlySpan<bool> chosen)
    {
        List<int> rows = [], starts = [0];
        ReadOnlySpan<int> bounds = all.Starts.Span;
        for (int sequence = 0; sequence + 1 < bounds.Length; sequence++)
        {
            for (int row = bounds[sequence]; row < bounds[sequence + 1]; row++) if (chosen[row]) rows.Add(row);
            starts.Add(rows.Count);
        }
        return new(new([.. rows]), starts.ToArray());
    }
}
