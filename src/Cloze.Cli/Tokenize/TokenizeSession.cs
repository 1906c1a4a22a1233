using Cloze.Cli.Input;
using Cloze.Cli.Output;
using Cloze.Tokenizers;
namespace Cloze.Cli.Tokenize;

/// <summary>JSON Lines in, JSON Lines out: an answer a request, in order. A request that cannot be met is answered by an error, and the run goes on.</summary>
internal sealed class TokenizeSession(Tokenizer tokenizer, bool isUtf16, JsonLines output)
{
    /// <summary>Characters or ids from which on a batch takes long enough to be left where it is when the process is asked to end.</summary>
    private const int Long = 1 << 16;

    private readonly TokenizeAnswers _answers = new(tokenizer, isUtf16);

    /// <summary>Answers each request; those that follow each other with the same batch are padded together. A blank line is answered too, by an error.</summary>
    public void Run(TextLines lines, CancellationToken cancellation)
    {
        List<TokenizeRequest> batch = [];
        while (lines.ReadUtf8() is { } line)
        {
            if (cancellation.IsCancellationRequested) break;
            TokenizeRequest request = TokenizeRequest.Parse(line.Span);
            if (batch.Count > 0 && request.Batch != batch[0].Batch) Answer(batch);
            batch.Add(request);
            if (request.Batch is null) Answer(batch);
        }
        if (!cancellation.IsCancellationRequested && batch.Count > 0) Answer(batch);
        output.Flush();
        cancellation.ThrowIfCancellationRequested();
    }

    /// <summary>Answers a batch and empties it.</summary>
    private void Answer(List<TokenizeRequest> batch)
    {
        Encoding[] encodings = [];
        string? error = batch.Find(request => request.Error is not null)?.Error;
        try
        {
            if (error is null && !batch[0].IsDecode) encodings = batch.Sum(request => (long)request.Length) < Long ? Encode(batch) : Interruption.Wait(() => Encode(batch));
        }
        catch (TokenizerException e)
        {
            error = e.Message;
        }
        for (int i = 0; i < batch.Count; i++)
        {
            try
            {
                if (error is not null) TokenizeAnswers.Write(output, batch[i], error);
                else if (batch[i].IsDecode) _answers.Write(output, batch[i]);
                else _answers.Write(output, batch[i], encodings[i]);
            }
            catch (TokenizerException e)   // what the decoders refuse
            {
                TokenizeAnswers.Write(output, batch[i], e.Message);
            }
        }
        batch.Clear();
        output.Flush(); // whoever asks line by line waits for the answer
    }

    private Encoding[] Encode(List<TokenizeRequest> batch)
    {
        Encoding[] encodings = new Encoding[batch.Count];
        for (int i = 0; i < encodings.Length; i++) encodings[i] = Encode(batch[i]);
        return batch[0].Options(tokenizer).Padding is { } padding ? tokenizer.Pad(encodings, padding) : encodings;
    }

    private Encoding Encode(TokenizeRequest request)
    {
        EncodeOptions options = request.Options(tokenizer).Options;
        if (request.Words is { } words) return tokenizer.EncodeWords(words, request.PairWords, options);
        string text = request.Text!;
        return request.Pair is { } pair ? tokenizer.EncodePair(text, pair, options) : tokenizer.Encode(text, options);
    }
}
