namespace Cloze.Tokenizers;

/// <summary>Both passes without tables, for what would overflow them: sets are computed at every place, and kept for one block of places at a time.</summary>
/// <remarks>
/// The pass from the end keeps the set of every <see cref="Block"/>th place; the pass from the start computes a block again when it gets there. Time:
/// O(text × nodes); memory: text / <see cref="Block"/> sets and one block of sets.
/// </remarks>
internal sealed class PatternWalk(PatternProgram program, CodePointClasses classes, PatternStates states)
{
    private const int Block = 512;

    private readonly int _words = states.Words;
    private readonly ulong[] _block = new ulong[(Block + 1) * states.Words];
    private ulong[] _checkpoints = [];
    private int _blockStart = -1;

    public void FindAll(ReadOnlySpan<char> text, SplitList matches)
    {
        int blocks = text.Length / Block + 1;
        _checkpoints = new ulong[(blocks + 1) * _words];
        for (int block = blocks - 1; block >= 0; block--)
        {
            Fill(text, block);
            _block.AsSpan(0, _words).CopyTo(_checkpoints.AsSpan(block * _words));
        }

        int lastEnd = -1;
        for (int i = 0; i <= text.Length;)
        {
            int j = i, node = program.Start;
            while ((node = states.First(At(text, j), node)) >= 0) j += UnitsAt(text, j);
            bool isMatch = node == PatternStates.Matched;
            if (isMatch && (j > i || lastEnd != j))
            {
                matches.Add(i, j);
                lastEnd = j;
            }
            if (isMatch && j > i) i = j;
            else i += i < text.Length ? UnitsAt(text, i) : 1;
        }
    }

    private static int UnitsAt(ReadOnlySpan<char> text, int i) => char.IsHighSurrogate(text[i]) ? 2 : 1;

    private ReadOnlySpan<ulong> At(ReadOnlySpan<char> text, int place)
    {
        int block = place / Block;
        if (_blockStart != block * Block) Fill(text, block);
        return _block.AsSpan((place - _blockStart) * _words, _words);
    }

    /// <summary>The sets of all places of a block, from its end; the first place of the next block is known.</summary>
    private void Fill(ReadOnlySpan<char> text, int block)
    {
        _blockStart = block * Block;
        int end = Math.Min(_blockStart + Block, text.Length + 1);
        if (end <= text.Length) _checkpoints.AsSpan((block + 1) * _words, _words).CopyTo(_block.AsSpan(Block * _words));
        for (int place = end - 1; place >= _blockStart; place--)
        {
            Span<ulong> set = _block.AsSpan((place - _blockStart) * _words, _words);
            if (place < text.Length && char.IsLowSurrogate(text[place]))
            {
                if (place == _blockStart) // its first half stands in the block before: its set is that behind the pair
                    _block.AsSpan(_words, _words).CopyTo(set);
                continue;
            }
            int behind = place == 0 || !program.LooksBehind ? classes.Count : classes.EndingAt(text, place - 1, out _);
            if (place == text.Length)
            {
                states.Before(default, classes.Count, behind, set);
                continue;
            }
            int units = UnitsAt(text, place), next = place + units - _blockStart;
            int here = classes.EndingAt(text, place + units - 1, out _);
            // behind a pair at the block's end lies the second place of the next block; its first place holds the same set
            states.Before(_block.AsSpan(Math.Min(next, Block) * _words, _words), here, behind, set);
        }
    }
}
