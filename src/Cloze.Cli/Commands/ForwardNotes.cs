using Cloze.Checkpoints;
using Cloze.Cli.Output;
using Cloze.Cpu;
using Cloze.Models;
using Cloze.Pipelines;
namespace Cloze.Cli.Commands;

/// <summary>What a model's folder holds and a recorded call does not use, and where the outputs are knowingly not those of another code.</summary>
internal static class ForwardNotes
{
    private const int FirstShown = 4;

    /// <summary>A line for the tensors of the encoder that are not read, and one for the keys of config.json.</summary>
    public static IEnumerable<string> Of(LoadedModel loaded)
    {
        (string Name, int Count)[] groups = [.. loaded.UnreadOfEncoder.GroupBy(Group).Select(group => (group.Key, group.Count()))];
        if (groups.Length > 0)
        {
            string more = groups.Length > FirstShown ? $" and {groups.Length - FirstShown} more" : "";
            yield return $"the weights hold {string.Join(", ", groups.Take(FirstShown).Select(group => $"{group.Name} ({Messages.Count(group.Count, "tensor")})"))}{more}, "
                + "which the encoder that config.json describes does not read.";
        }
        string[] keys = [.. loaded.UnreadKeys];
        if (keys.Length > 0) yield return $"nobody reads {string.Join(", ", keys)} of config.json.";
    }

    /// <summary>Null: nothing is left out.</summary>
    public static string? LeavesPadsOut(EncoderModel<CpuTensor> model, ForwardInputs inputs) =>
        model.OriginalPoolsPads && inputs.Segments is null && inputs.Tokens.Mask?.Contains(0) == true
            ? "the classifier's mean or maximum is over the tokens that the mask leaves in; the code that trained it takes masked columns in." : null;

    /// <summary>Up to the number of its layer: "bert.encoder.layer.1.*"; a tensor of no layer alone.</summary>
    private static string Group(FileTensor tensor)
    {
        string[] parts = tensor.Name.Split('.');
        int layer = Array.FindLastIndex(parts, part => part.All(char.IsAsciiDigit));
        return layer < 0 ? tensor.Name : $"{string.Join('.', parts[..(layer + 1)])}.*";
    }
}
