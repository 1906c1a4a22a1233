using Cloze.Checkpoints;
using Cloze.Models;
using Cloze.Ops;
namespace Cloze.Tests.Models;

/// <summary>Configurations of published sizes.</summary>
internal static class Published
{
    /// <param name="shape">As the registry names it: "bert-base".</param>
    public static TConfig Config<TConfig>(string shape)
    {
        (_, IArchitecture architecture, ConfigFields config) = ModelRegistry.Shape(shape);
        return (TConfig)architecture.Configure(config, file: null);
    }
}
