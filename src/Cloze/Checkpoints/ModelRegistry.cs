using Cloze.Models;
using Cloze.Ops;
namespace Cloze.Checkpoints;

/// <summary>Every architecture that this library reads. Adding one is its model file and one line here.</summary>
public static class ModelRegistry
{
    public static IReadOnlyList<IArchitecture> All { get; } =
    [
        new BertArchitecture(),
    ];

    /// <exception cref="CheckpointException">config.json names no architecture, or one that is not here.</exception>
    public static IArchitecture Find(ConfigFields config)
    {
        string type = config.Text("model_type") ?? throw new CheckpointException($"{config.Source} names no model_type; known: {Known}.");
        return All.FirstOrDefault(architecture => architecture.ModelType == type)
            ?? throw config.Unsupported("model_type", type, Known);
    }

    private static string Known => string.Join(", ", All.Select(architecture => architecture.ModelType));
}
