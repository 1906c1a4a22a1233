using Cloze.Tokenizers;

namespace Cloze.Tests.Tokenizers;

/// <summary>The code of docs/tokenizers.md.</summary>
public sealed class TokenizerExamples
{
    private static readonly string s_folder = Path.Combine(Shared.Repository, "models", "all-MiniLM-L6-v2");

    [Fact]
    public void Encode()
    {
        string folder = s_folder;
        // example: encode
        Tokenizer tokenizer = Tokenizer.Load(folder); // a folder, a tokenizer.json, a vocab.txt or a .model
        string text = "Café tokenizers!";
        Encoding encoding = tokenizer.Encode(text);

        string[] tokens = encoding.Tokens(); // [CLS] cafe token ##izer ##s ! [SEP]
        TokenOffset izer = encoding.Offsets[3];
        string slice = text[izer.Start..izer.End]; // izer
        int word = encoding.WordIds[3]; // 1: the second word
        string back = tokenizer.Decode(encoding.Ids); // cafe tokenizers!
        // end
        Assert.Equal(["[CLS]", "cafe", "token", "##izer", "##s", "!", "[SEP]"], tokens);
        Assert.Equal("izer", slice);
        Assert.Equal(1, word);
        Assert.Equal("cafe tokenizers!", back);
    }

    [Fact]
    public void AnswerAQuestionInWindows()
    {
        Tokenizer tokenizer = Tokenizer.Load(s_folder);
        string question = "What is packed?", context = string.Join(' ', Enumerable.Repeat("Tokens are packed, never padded.", 100));
        // example: windows
        EncodeOptions options = new()
        {
            Truncation = new(MaxLength: 384, TruncationStrategy.OnlySecond, Stride: 128),
            ReturnOverflow = true,
        };
        Encoding first = tokenizer.EncodePair(question, context, options);
        foreach (Encoding window in first.Overflow)
        {
            int[] types = window.TypeIds(); // 0: question, 1: context
            // offsets are places in the whole context, so that an answer can be cut out of it
            // end
            Assert.Equal(window.Count, types.Length);
        }
        Assert.NotEmpty(first.Overflow);
    }

    [Fact]
    public void FeedAModel()
    {
        Tokenizer tokenizer = Tokenizer.Load(s_folder);
        string[] texts = ["one", "two words"];
        // example: ids
        TokenIds[] inputs = tokenizer.EncodeToIds(texts, maxLength: 256); // the file's own truncation and padding do not count
        // end
        Assert.Equal([101, 2028, 102], inputs[0].Ids);
        Assert.Equal([101, 2048, 2616, 102], inputs[1].Ids);
    }

    [Fact]
    public void PadABatch()
    {
        Tokenizer tokenizer = Tokenizer.Load(s_folder);
        string[] texts = ["one", "two words"];
        // example: padding
        EncodeOptions options = new() { Padding = new(Length: null, PadId: tokenizer.IdOf("[PAD]")!.Value, PadToken: "[PAD]") };
        Encoding[] batch = tokenizer.EncodeBatch(texts, options);
        int[] mask = batch[0].AttentionMask(); // 1 1 1 0
        // end
        Assert.Equal([1, 1, 1, 0], mask);
    }

    [Fact]
    public void TheDocument_ShowsThisCode()
    {
        string[] source = File.ReadAllLines(Path.Combine(Shared.Repository, "tests", "Cloze.Tests", "Tokenizers", "TokenizerExamples.cs"));
        string document = File.ReadAllText(Path.Combine(Shared.Repository, "docs", "tokenizers.md")).ReplaceLineEndings("\n");
        int examples = 0;
        for (int i = 0; i < source.Length; i++)
        {
            if (!source[i].TrimStart().StartsWith("// example: ", StringComparison.Ordinal)) continue;
            int end = Array.FindIndex(source, i, line => line.Trim() == "// end"), indent = source[i].Length - source[i].TrimStart().Length;
            string code = string.Join('\n', source[(i + 1)..end].Select(line => line.Length > indent ? line[indent..] : line.Trim()));
            Assert.Contains(code, document);
            examples++;
        }
        Assert.Equal(4, examples);
    }
}
