using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Cloze.Checkpoints;
using Cloze.Heads;
using Cloze.Models;
using Cloze.Ops;
namespace Cloze.Tests.Models;

/// <summary>A published size of every registered architecture, shrunk until a random start of it takes no time.</summary>
internal sealed record TinyModel(string ClassName, IArchitecture Architecture, object Settings, ModelTask Task, string Config)
{
    private const int Labels = 2;

    private static readonly Dictionary<string, int> s_sizes = new()
    {
        ["vocab_size"] = 60,
        ["hidden_size"] = 16,
        ["dim"] = 16,
        ["embedding_size"] = 8,
        ["num_hidden_layers"] = 4,
        ["n_layers"] = 4,
        ["num_attention_heads"] = 2,
        ["n_heads"] = 2,
        ["intermediate_size"] = 24,
        ["hidden_dim"] = 24,
        ["max_position_embeddings"] = 40,
        ["position_buckets"] = 8,
        ["attention_window"] = 8,
        ["sliding_window"] = 8,
        ["pad_token_id"] = 1,
    };

    /// <summary>Every class of every architecture: its place in the registry by the name of a shape, and the class.</summary>
    public static TheoryData<string, string> All()
    {
        TheoryData<string, string> data = [];
        foreach (IArchitecture architecture in ModelRegistry.All)
            foreach (string className in architecture.Classes.DistinctBy(known => known.Value).Select(known => known.Key))
                data.Add(architecture.Shapes.Keys.First(), className);
        return data;
    }

    public static TheoryData<string> Shapes() => [.. ModelRegistry.All.Select(architecture => architecture.Shapes.Keys.First())];

    public static TinyModel Of(string shape, string? className = null)
    {
        IArchitecture architecture = ModelRegistry.All.First(known => known.Shapes.ContainsKey(shape));
        className ??= architecture.Classes.First(known => known.Value == ModelTask.Base).Key;
        string config = Regex.Replace(architecture.Shapes[shape], "\"(\\w+)\":([0-9]+)", match => s_sizes.TryGetValue(match.Groups[1].Value, out int size)
            ? string.Create(CultureInfo.InvariantCulture, $"\"{match.Groups[1].Value}\":{size}") : match.Value);
        config = $"{config.TrimEnd()[..^1]},\"architectures\":[\"{className}\"]}}";
        object settings = architecture.Configure(ConfigFields.Parse(Encoding.UTF8.GetBytes(config), shape), file: null);
        return new(className, architecture, settings, architecture.Classes[className], config);
    }

    public TaskConfig About { get; } = new(["no", "yes"], null);

    /// <summary>With weights that depend on their names only, far enough from 0 that every part counts.</summary>
    public EncoderModel<T> Build<T>(IWeightFactory<T> factory) where T : class
    {
        Weights<T> weights = new(Start(), factory);
        EncoderModel<T> model = Architecture.Build(Settings, Task, Labels, weights);
        Assert.Empty(weights.Faults);
        return model;
    }

    public static RandomStart Start() => new(seed: 5, request => request.Role switch
    {
        WeightRole.Scale => new InitialValues.Normal(0.5),
        WeightRole.Bias => new InitialValues.Normal(0.3),
        _ => new InitialValues.Normal(0.3, ZeroesPadding: false),
    });

    /// <summary>A checkpoint folder of the class.</summary>
    public void Write(string folder)
    {
        Weights<Shape> drawn = new(Start(), new ShapeFactory());
        Architecture.Build(Settings, Task, Labels, drawn);
        File.WriteAllText(Path.Combine(folder, "config.json"), Config);
        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"),
            drawn.Tensors.Select(tensor => NewTensor.Of(tensor.Name, tensor.Dimensions, tensor.Read())));
    }
}
