using Cloze.Heads;
using Cloze.Models;
using Cloze.Ops;
namespace Cloze.Checkpoints;

/// <summary>What stands on the encoder of a checkpoint: by <c>architectures</c> of config.json, else by the tensors that the file holds.</summary>
public static class StoredTask
{
    private static readonly ModelTask[] s_candidates =
    [
        ModelTask.PreTraining, ModelTask.MaskedLm, ModelTask.NextSentence, ModelTask.SequenceClassification, ModelTask.TokenClassification,
        ModelTask.QuestionAnswering, ModelTask.MultipleChoice,
    ];

    /// <summary>Whether the architecture of a folder has a head that finds replaced tokens, be its tensors there or not.</summary>
    /// <exception cref="CheckpointException">The folder is broken.</exception>
    public static bool CanDetect(string folder)
    {
        using Checkpoint file = Checkpoint.Open(folder);
        return file.Architecture.Classes.Values.Contains(ModelTask.PreTraining)
            && LoadReport.Of(file, file.Architecture.Configure(file.Config, file), ModelTask.PreTraining).Schema.Model.Head
                is ReplacedTokenHead<Shape> or ReplacedTokenPretraining<Shape>;
    }

    /// <param name="settings">From <see cref="IArchitecture.Configure"/>.</param>
    /// <returns>
    /// Without <c>architectures</c> the first task whose tensors are all there, one that predicts words before others; else the encoder alone, unless
    /// a part of a masked-LM head is there: loading it then says what is missing.
    /// </returns>
    /// <exception cref="CheckpointException"><c>architectures</c> names a class that the architecture does not have.</exception>
    public static ModelTask Of(Checkpoint file, object settings)
    {
        if (file.Config.Texts("architectures") is [string named, ..]) return ModelRegistry.TaskOf(named, file.Architecture, file.Config.Source);
        if (file.Config.Has("generator") && file.Config.Has("discriminator")) return ModelTask.PreTraining;
        bool detects = false;   // replaced tokens, and nothing else
        LoadReport? words = null;
        foreach (ModelTask task in s_candidates.Where(file.Architecture.Classes.Values.Contains))
        {
            LoadReport report = LoadReport.Of(file, settings, task);
            if (task == ModelTask.MaskedLm) words = report;
            if (report.Missing.Count + report.MisShaped.Count + report.Faults.Count > 0) continue;
            if (report.Schema.Model.Head is not ReplacedTokenHead<Shape>) return task;
            detects = true;
        }
        if (detects) return ModelTask.PreTraining;
        return words is not null && words.Read.Select(Name).Except(LoadReport.Of(file, settings, ModelTask.Base).Read.Select(Name)).Any() ? ModelTask.MaskedLm
            : ModelTask.Base;

        static string Name(RequestedTensor tensor) => tensor.Request.Name;
    }
}
