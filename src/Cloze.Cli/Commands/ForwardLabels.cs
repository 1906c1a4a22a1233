using Cloze.Cpu;
using Cloze.Heads;
using Cloze.Models;
using Cloze.Ops;
namespace Cloze.Cli.Commands;

/// <summary>Which labels of a recorded call are not read: those of another task, and those of columns that the mask leaves out.</summary>
internal static class ForwardLabels
{
    /// <summary>A line for each tensor of which something is not read.</summary>
    public static IEnumerable<string> NotRead(EncoderModel<CpuTensor> model, ForwardInputs inputs)
    {
        foreach (string name in inputs.LabelNames)
        {
            if (!IsRead(name, model, inputs)) yield return $"{name} is not read{Remedy(name, model)}.";
            else if (AtMasked(name, model, inputs) is int count and > 0)
                yield return $"{name}: {count} {(count == 1 ? "label at a masked column is" : "labels at masked columns are")} not read.";
        }
    }

    /// <summary>A task that needs two kinds of labels reads neither alone.</summary>
    private static bool IsRead(string name, EncoderModel<CpuTensor> model, ForwardInputs inputs)
    {
        TaskLabels given = inputs.Labels;
        bool isLabels = name == ForwardInputs.Labelled, isOrder = name == $"label.{model.Rules.OrderLabel}";
        bool isSpan = name is ForwardInputs.Starts or ForwardInputs.Ends, hasLabels = inputs.LabelNames.Contains(ForwardInputs.Labelled);
        return model.Head switch
        {
            null or Pooler<CpuTensor> => false,
            QuestionAnsweringHead<CpuTensor> => isSpan && given.Starts is not null && given.Ends is not null,
            PreTrainingHead<CpuTensor> => (isLabels || isOrder) && hasLabels && given.Order is not null,
            SequenceClassificationHead<CpuTensor> => isOrder || (isLabels && given.Order is null),
            _ => isLabels,
        };
    }

    /// <summary>A file without <c>architectures</c> does not tell a classifier of two classes from the ends of an answer.</summary>
    private static string Remedy(string name, EncoderModel<CpuTensor> model) =>
        name is ForwardInputs.Starts or ForwardInputs.Ends && model.Head is SequenceClassificationHead<CpuTensor> or TokenClassificationHead<CpuTensor>
            ? $" here; --task {ModelTasks.Name(ModelTask.QuestionAnswering)} reads it" : "";

    private static int AtMasked(string name, EncoderModel<CpuTensor> model, ForwardInputs inputs)
    {
        if (inputs.Tokens.Mask is not { } mask) return 0;
        int length = inputs.Tokens.Length;
        if (model.Head is QuestionAnsweringHead<CpuTensor>)
        {
            int[] columns = (name == ForwardInputs.Starts ? inputs.Labels.Starts : inputs.Labels.Ends)!;
            return columns.Index().Count(answer => Math.Max(answer.Item, 0) is int column && column < length && IsMasked(answer.Index * length + column));
        }
        bool areWords = model.Head is IMaskedLm<CpuTensor> or PreTrainingHead<CpuTensor>;
        if (inputs.Labels.Classes is not { } labels || !(areWords || model.Head is TokenClassificationHead<CpuTensor>)) return 0;
        return labels.Index().Count(label => IsMasked(label.Index) && label.Item != Labels.Ignored && (!areWords || model.Rules.IsWord(label.Item)));

        bool IsMasked(int place) => place < mask.Length && mask[place] == 0;
    }
}
