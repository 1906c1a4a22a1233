using System.Globalization;
using System.Text.Json;
using Cloze.Cli.Output;
namespace Cloze.Cli.Commands;

/// <summary>Writes what <c>cloze inspect</c> found: as one JSON object, or for a person.</summary>
internal static class InspectOutput
{
    /// <param name="tensors">Null: they are not asked for.</param>
    public static void WriteJson(Utf8JsonWriter json, Inspection found, IReadOnlyList<ListedTensor>? tensors)
    {
        json.WriteStartObject();
        json.WriteString(found.IsShape ? "shape" : "path", found.Path);
        json.WriteString("architecture", found.Architecture);
        json.WriteString("class", found.Class);
        json.WriteStartObject("parameters");
        json.WriteNumber("total", found.Parameters.Sum(part => part.Elements));
        json.WriteStartObject("parts");
        foreach ((string part, long elements) in found.Parameters) json.WriteNumber(part, elements);
        json.WriteEndObject();
        if (found.IsShape)
        {
            json.WriteStartObject("heads");
            foreach ((string name, long elements) in found.Heads) json.WriteNumber(name, elements);
            json.WriteEndObject();
        }
        if (found.StoredBytes is { } bytes) json.WriteNumber("stored_bytes", bytes);
        json.WriteStartObject("stored_as");
        foreach ((string type, int count) in found.StoredTypes) json.WriteNumber(type, count);
        json.WriteEndObject();
        json.WriteEndObject();
        if (found.Tokenizer is { } tokenizer)
        {
            json.WriteStartObject("tokenizer");
            json.WriteNumber("vocabulary", tokenizer.Tokens);
            json.WriteString("mask_token", tokenizer.Mask);
            json.WriteEndObject();
        }
        else json.WriteNull("tokenizer");
        if (found.Length is (var longest, var trained))
        {
            json.WriteStartObject("length");
            WriteNumber("longest", longest);
            WriteNumber("trained", trained);
            json.WriteEndObject();
        }
        else json.WriteNull("length");
        if (found.Cost is { } cost)
        {
            json.WriteStartObject("cost");
            json.WriteNumber("tokens", cost.Tokens);
            json.WriteNumber("batch", cost.Batch);
            json.WriteNumber("flops", cost.Flops);
            json.WriteNumber("weight_bytes", cost.WeightBytes);
            json.WriteNumber("activation_bytes", cost.ActivationBytes);
            if (cost.Class is { } ofClass)
            {
                json.WriteNumber("class_flops", ofClass.Flops);
                json.WriteNumber("class_activation_bytes", ofClass.ActivationBytes);
            }
            json.WriteEndObject();
        }
        else json.WriteNull("cost");
        json.WriteStartArray("problems");
        foreach (Problem problem in found.Problems)
        {
            json.WriteStartObject();
            json.WriteString("kind", problem.Kind);
            json.WriteString("name", problem.Name);
            json.WriteString("message", problem.Message);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        if (tensors is not null) WriteTensors(json, tensors);
        json.WriteEndObject();

        void WriteNumber(string name, int? value)
        {
            if (value is { } number) json.WriteNumber(name, number); else json.WriteNull(name);
        }
    }

    private static void WriteTensors(Utf8JsonWriter json, IReadOnlyList<ListedTensor> tensors)
    {
        json.WriteStartArray("tensors");
        foreach (ListedTensor tensor in tensors)
        {
            json.WriteStartObject();
            json.WriteString("name", tensor.Name);
            json.WriteString("dtype", tensor.Type);
            json.WriteStartArray("shape");
            foreach (long size in tensor.Shape) json.WriteNumberValue(size);
            json.WriteEndArray();
            json.WriteString("sha256", tensor.Sha256);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    public static void WriteTable(TextWriter output, Inspection found, IReadOnlyList<ListedTensor>? tensors)
    {
        Line(found.IsShape ? "shape" : "path", found.Path);
        if (found.Architecture is not null) Line("architecture", $"{found.Architecture}{(found.Class is null ? "" : $" ({found.Class})")}");
        Line("parameters", Number(found.Parameters.Sum(part => part.Elements)));
        foreach ((string part, long elements) in found.Parameters) Line($"  {part}", Number(elements));
        foreach ((string name, long elements) in found.Heads) Line("  and in", $"{name} {Number(elements)}");
        if (found.Length is (var longest, var trained))
            Line("length", longest is { } most ? $"up to {Number(most)} tokens" : $"any{(trained is { } known ? $"; trained with {Number(known)} tokens" : "")}");
        if (found.StoredBytes is { } bytes)
            Line("stored", $"{Number(bytes)} bytes: {string.Join(", ", found.StoredTypes.Select(type => $"{type.Count} × {type.Type}"))}");
        if (found.Tokenizer is { } tokenizer)
            Line("tokenizer", $"{Number(tokenizer.Tokens)} tokens{(tokenizer.Mask is null ? "" : $", mask {tokenizer.Mask}")}");
        if (found.Cost is { } cost)
        {
            string ofClass = cost.Class is { } whole ? string.Create(CultureInfo.InvariantCulture, $" for all states; {whole.Flops / 1e9:N1} for {found.Class} alone") : "";
            Line("cost", string.Create(CultureInfo.InvariantCulture, $"{cost.Batch} × {cost.Tokens} tokens: {cost.Flops / 1e9:N1} GFLOP{ofClass}"));
            (double weights, double activations) = (cost.WeightBytes / 1e6, (cost.Class?.ActivationBytes ?? cost.ActivationBytes) / 1e6);
            Line("memory", string.Create(CultureInfo.InvariantCulture, $"{weights:N1} MB of weights, {activations:N1} MB of activations at the most"));
        }
        Line("problems", found.Problems.Count == 0 ? "none" : Number(found.Problems.Count));
        foreach (Problem problem in found.Problems) output.WriteLine($"  {problem.Kind}: {TerminalText.Printable(problem.Message)}");
        if (tensors is null) return;
        output.WriteLine();
        TextTable table = new("name", "dtype", "shape", "sha256");
        foreach (ListedTensor tensor in tensors) table.Add(tensor.Name, tensor.Type, $"[{string.Join(',', tensor.Shape)}]", tensor.Sha256);
        table.Write(output, TerminalText.ScreenWidth);

        void Line(string label, string value) => output.WriteLine($"{label,-14} {TerminalText.Printable(value)}");
    }

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
