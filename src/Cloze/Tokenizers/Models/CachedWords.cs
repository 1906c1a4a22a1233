using System.Runtime.CompilerServices;
namespace Cloze.Tokenizers;

/// <summary>A model that cuts one pre-token at a time and may be asked for the same again.</summary>
internal interface IWordModel : ITokenModel
{
    /// <summary>Appends the tokens of a pre-token; positions are UTF-16 units within it.</summary>
    void Tokenize(ReadOnlySpan<char> word, TokenSink sink);
}

/// <summary>Cuts pre-tokens, those met lately by looking them up.</summary>
internal static class CachedWords
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tokenize(IWordModel model, ReadOnlySpan<char> text, ReadOnlySpan<Split> splits, int origin, int word, int step, TokenSink sink)
    {
        WordCache cache = sink.Cache;
        cache.Serve(model);
        for (int i = 0; i < splits.Length; i++, word += step)
        {
            Split split = splits[i];
            ReadOnlySpan<char> chars = text[split.Start..split.End];
            sink.StartWord(origin + split.Start, word);
            if (!WordCache.TryPack(chars, out WordCache.Key key))
            {
                model.Tokenize(chars, sink);
                continue;
            }
            ref WordCache.Line line = ref cache.Find(in key);
            if (line.Is(in key))
            {
                sink.Add(in line);
                continue;
            }
            int first = sink.Count;
            model.Tokenize(chars, sink);
            WordCache.Store(ref line, in key, sink, first);
        }
    }
}
