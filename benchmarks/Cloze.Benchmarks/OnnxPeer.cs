using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using FastBertTokenizer;
using Microsoft.ML.OnnxRuntime;
namespace Cloze.Benchmarks;

/// <summary>all-MiniLM-L6-v2 in ONNX Runtime, as a process of its own answers about it: one command a line on stdin, one answer a line on stdout.</summary>
/// <remarks>Texts are sorted by length, batches padded to their longest text; all graph optimizations are on. Pooling and normalizing are part of a run.</remarks>
internal sealed class OnnxPeer : IDisposable
{
    public const string Argument = "--onnx-peer";
    private const int Hidden = 384, MaxTokens = 256;
    private readonly InferenceSession _session;
    private readonly BertTokenizer _tokenizer = new();
    private string[] _texts = [];
    private long[][] _ids = [];
    private float[] _embeddings = [];

    private OnnxPeer(string model, string tokenizer, int threads)
    {
        using SessionOptions options = new()
        {
            IntraOpNumThreads = threads,
            InterOpNumThreads = 1,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
        };
        _session = new(model, options);
        using FileStream file = File.OpenRead(tokenizer);
        _tokenizer.LoadTokenizerJson(file);
    }

    /// <summary>The process: model.onnx, tokenizer.json, threads.</summary>
    public static int Serve(string[] args)
    {
        using OnnxPeer peer = new(args[0], args[1], int.Parse(args[2], CultureInfo.InvariantCulture));
        while (Console.ReadLine()?.Split(' ', 2) is [string command, string argument])
            Console.WriteLine(peer.Answer(command, argument));
        return 0;
    }

    public void Dispose() => _session.Dispose();

    private string Answer(string command, string argument)
    {
        long start = Stopwatch.GetTimestamp();
        switch (command)
        {
            case "texts":
                _texts = File.ReadAllLines(argument);
                _ids = new long[_texts.Length][];
                Tokenize();
                break;
            case "tokens": // the ids that its tokenizer gives, a text a line
                File.WriteAllLines(argument, _ids.Select(ids => string.Join(' ', ids)));
                break;
            case "ids": // those that it shall take instead
                _ids = [.. File.ReadLines(argument).Select(line => line.Split(' ').Select(id => long.Parse(id, CultureInfo.InvariantCulture)).ToArray())];
                break;
            case "embed": // tokenization excluded
                Embed(int.Parse(argument, CultureInfo.InvariantCulture));
                break;
            case "tokenize-and-embed":
                Tokenize();
                Embed(int.Parse(argument, CultureInfo.InvariantCulture));
                break;
            case "write":
                File.WriteAllBytes(argument, MemoryMarshal.AsBytes(_embeddings.AsSpan()));
                break;
            default:
                throw new ArgumentException($"unknown command {command}");
        }
        return Stopwatch.GetElapsedTime(start).TotalSeconds.ToString("R", CultureInfo.InvariantCulture);
    }

    private void Tokenize()
    {
        Span<long> ids = stackalloc long[MaxTokens], mask = stackalloc long[MaxTokens];
        for (int i = 0; i < _texts.Length; i++) _ids[i] = ids[.._tokenizer.Encode(_texts[i], ids, mask)].ToArray();
    }

    private void Embed(int batchSize)
    {
        int[] order = [.. Enumerable.Range(0, _ids.Length)], lengths = [.. _ids.Select(ids => ids.Length)];
        Array.Sort(lengths, order);
        _embeddings = new float[_ids.Length * Hidden];
        using RunOptions options = new();
        foreach (int[] texts in order.Chunk(batchSize))
        {
            int length = _ids[texts[^1]].Length;
            long[] ids = new long[texts.Length * length], mask = new long[ids.Length], shape = [texts.Length, length];
            for (int b = 0; b < texts.Length; b++)
            {
                _ids[texts[b]].CopyTo(ids, b * length);
                mask.AsSpan(b * length, _ids[texts[b]].Length).Fill(1);
            }
            using OrtValue idValue = OrtValue.CreateTensorValueFromMemory(ids, shape), maskValue = OrtValue.CreateTensorValueFromMemory(mask, shape);
            using IDisposableReadOnlyCollection<OrtValue> outputs = _session.Run(options, ["input_ids", "attention_mask"], [idValue, maskValue], ["last_hidden_state"]);
            ReadOnlySpan<float> states = outputs[0].GetTensorDataAsSpan<float>();                        // [B,S,H]
            for (int b = 0; b < texts.Length; b++)
                Pool(states.Slice(b * length * Hidden, _ids[texts[b]].Length * Hidden), _embeddings.AsSpan(texts[b] * Hidden, Hidden));
        }
    }

    /// <summary>The mean of a text's states, of length 1.</summary>
    private static void Pool(ReadOnlySpan<float> states, Span<float> embedding)
    {
        Span<Vector<float>> sums = MemoryMarshal.Cast<float, Vector<float>>(embedding);
        for (int start = 0; start < states.Length; start += Hidden)
        {
            ReadOnlySpan<Vector<float>> row = MemoryMarshal.Cast<float, Vector<float>>(states.Slice(start, Hidden));
            for (int i = 0; i < sums.Length; i++) sums[i] += row[i];
        }
        Vector<float> squares = Vector<float>.Zero;
        foreach (Vector<float> sum in sums) squares += sum * sum;
        Vector<float> scale = new(1 / MathF.Sqrt(Vector.Sum(squares)));
        for (int i = 0; i < sums.Length; i++) sums[i] *= scale;
    }
}

/// <summary>The other end of <see cref="OnnxPeer"/>: starts this program again and asks it.</summary>
internal sealed class OnnxPeerProcess : IDisposable
{
    private readonly Process _process;

    public OnnxPeerProcess(string model, string tokenizer, int threads)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!, ["embedding-race", OnnxPeer.Argument, model, tokenizer, $"{threads}"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        _process = Process.Start(start)!;
    }

    /// <returns>The seconds that the other process took.</returns>
    public double Ask(string command, object argument)
    {
        _process.StandardInput.WriteLine($"{command} {argument}");
        string answer = _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"The process with ONNX Runtime ended at '{command}'.");
        return double.Parse(answer, CultureInfo.InvariantCulture);
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }
}
