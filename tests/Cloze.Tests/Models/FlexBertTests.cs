using System.Text;
using System.Text.Json.Nodes;
using Cloze.Checkpoints;
using Cloze.Models;
using Cloze.Ops;
using Cloze.Pipelines;
namespace Cloze.Tests.Models;

/// <summary>The options of the code that trained ModernBERT: what they do to the network, and which are refused by name.</summary>
public class FlexBertTests
{
    private static readonly string s_folder = GoldenCases.Folder("modernbert-original", "biases");

    [Theory]
    [InlineData("bert_layer", "\"postnorm\"")]
    [InlineData("bert_layer", "\"parallel_prenorm\"")]
    [InlineData("attention_layer", "\"base\"")]
    [InlineData("embedding_layer", "\"absolute_pos\"")]
    [InlineData("encoder_layer", "\"other\"")]
    [InlineData("normalization", "\"rmsnorm\"")]
    [InlineData("mlp_layer", "\"parallel_glu\"")]
    [InlineData("padding", "\"other\"")]
    [InlineData("rotary_emb_interleaved", "true")]
    [InlineData("rotary_emb_scale_base", "512")]
    [InlineData("rotary_emb_dim", "4")]
    [InlineData("local_attn_rotary_emb_dim", "4")]
    [InlineData("head_pred_norm", "false")]
    [InlineData("head_pred_act", "\"unknown\"")]
    [InlineData("pooling_type", "\"other\"")]
    [InlineData("loss_function", "\"focal\"")]
    [InlineData("loss_kwargs", "{\"reduction\":\"sum\"}", "reduction")]
    [InlineData("loss_kwargs", "{\"label_smoothing\":0.1}", "label_smoothing")]
    [InlineData("loss_kwargs", "{\"ignore_index\":0}", "ignore_index")]
    [InlineData("norm_kwargs", "{\"elementwise_affine\":false}", "elementwise_affine")]
    [InlineData("global_attn_every_n_layers", "2", "a divisor of num_hidden_layers - 1, 3")]
    [InlineData("sliding_window", "-1", "global_attn_every_n_layers is 3")]
    public void Read_RefusesByName_WhatChangesTheResult(string option, string value, string? words = null)
    {
        CheckpointException refusal = Assert.Throws<CheckpointException>(() => Read((option, value)));
        Assert.Contains(words ?? option, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_RefusesAnotherInitialLayer_WhereThereAreSome()
    {
        Assert.Contains("initial_mlp_layer", Assert.Throws<CheckpointException>(() =>
            Read(("num_initial_layers", "1"), ("initial_mlp_layer", "\"mlp\""))).Message, StringComparison.Ordinal);
        Assert.True(Read(("num_initial_layers", "0"), ("initial_mlp_layer", "\"mlp\"")).Encoder.Gated);
        Assert.True(Read(("num_initial_layers", "1"), ("initial_mlp_layer", "\"glu\"")).Encoder.Gated);
    }

    [Theory]
    [InlineData("8", "3", "f s s f")]
    [InlineData("8", "1", "f f f f")]
    [InlineData("8", "-1", "s s s s")]
    [InlineData("-1", "-1", "f f f f")]
    public void LayerTypes_FollowWindowAndPeriod(string window, string every, string types)
    {
        ModernBertConfig read = Read(("sliding_window", window), ("global_attn_every_n_layers", every)).Encoder;
        Assert.Equal(types, string.Join(' ', Enumerable.Range(0, 4).Select(layer => read.IsGlobal(layer) ? 'f' : 's')));
    }

    [Fact]
    public void LocalLayers_TurnAsGlobalOnesDo_WhereTheirBaseIsMinusOne()
    {
        Assert.Equal((160000.0, 10000.0), Thetas(Read()));
        Assert.Equal((160000.0, 160000.0), Thetas(Read(("local_attn_rotary_emb_base", "-1"))));

        static (double, double) Thetas(FlexBertConfig config) => (config.Encoder.Theta(0), config.Encoder.Theta(1));
    }

    [Fact]
    public void Defaults_AreThoseOfTheCode_NotOfWhatWasTrained()
    {
        Assert.Contains("normalization", Assert.Throws<CheckpointException>(() => Read(("normalization", null))).Message, StringComparison.Ordinal);
        FlexBertConfig read = Read(("head_pred_act", null), ("final_norm", null), ("norm_kwargs", null), ("skip_first_prenorm", null), ("mlp_layer", null));
        Assert.Equal((Activation.Silu, false, true, 1e-5, true, false), (read.Encoder.ClassifierActivation, read.Encoder.FinalNorm, read.Encoder.NormBias,
            read.Encoder.NormEps, read.Encoder.FirstAttentionNorm, read.Encoder.Gated));
        Assert.Equal(Activation.Linear, Read(("head_pred_act", "null")).Encoder.ClassifierActivation);
    }

    [Theory]
    [InlineData("skip_first_prenorm", "false", "model.layers.0.attn_norm.weight [32]", true)]
    [InlineData("embed_norm", "false", "model.embeddings.norm.weight [32]", false)]
    [InlineData("final_norm", "false", "model.final_norm.weight [32]", false)]
    [InlineData("mlp_layer", "\"mlp\"", "model.layers.1.mlp.Wi.weight [40,32]", true)]
    [InlineData("attn_out_bias", "false", "model.layers.1.attn.Wo.bias [32]", false)]
    [InlineData("attn_qkv_bias", "false", "model.layers.1.attn.Wqkv.bias [96]", false)]
    [InlineData("mlp_in_bias", "false", "model.layers.1.mlp.Wi.bias [80]", false)]
    [InlineData("mlp_out_bias", "false", "model.layers.1.mlp.Wo.bias [32]", false)]
    [InlineData("head_pred_bias", "false", "head.dense.bias [32]", false)]
    [InlineData("decoder_bias", "false", "decoder.bias [100]", false)]
    [InlineData("tie_word_embeddings", "false", "decoder.weight [100,32]", true)]
    public void EachOption_AsksForItsOwnTensors(string option, string value, string tensor, bool isAsked)
    {
        Assert.Equal(isAsked, Asked(ModelTask.MaskedLm, (option, value)).Contains(tensor));
        Assert.Equal(!isAsked, Asked(ModelTask.MaskedLm).Contains(tensor));
    }

    [Fact]
    public void TheClassifier_HasAModuleOfItsOwn()
    {
        string[] asked = Asked(ModelTask.SequenceClassification, ("head_class_bias", "true"), ("head_class_norm", "\"layernorm\""));
        Assert.Subset(asked.ToHashSet(), new HashSet<string>(["head.dense.bias [32]", "head.norm.weight [32]", "head.norm.bias [32]", "classifier.weight [3,32]"]));
        Assert.DoesNotContain("head.norm.weight [32]", Asked(ModelTask.SequenceClassification));
    }

    [Fact]
    public void AFileWithItsNames_IsItsOwn_WhateverTheModelTypeSays()
    {
        using Checkpoint file = Checkpoint.Open(s_folder);
        Assert.IsType<FlexBertArchitecture>(file.Architecture);
        ConfigFields typed = Config(("model_type", "\"bert\""));
        Assert.IsType<FlexBertArchitecture>(ModelRegistry.Find(typed, [.. file.Weights.Tensors.Keys]));
        Assert.IsType<BertArchitecture>(ModelRegistry.Find(typed));
    }

    [Fact]
    public void ItsNames_ServeAConfigurationOfTheReferenceToo()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("cloze-flexbert-");
        try
        {
            File.Copy(Path.Combine(s_folder, "model.safetensors"), Path.Combine(folder.FullName, "model.safetensors"));
            File.WriteAllText(Path.Combine(folder.FullName, "config.json"), """
                {"model_type":"modernbert","architectures":["ModernBertForMaskedLM"],"vocab_size":100,"hidden_size":32,"num_hidden_layers":4,"num_attention_heads":4,
                 "intermediate_size":40,"attention_bias":true,"mlp_bias":true,"norm_bias":true,"classifier_bias":true,"norm_eps":1e-6,"local_attention":8,"pad_token_id":0}
                """);
            using Checkpoint file = Checkpoint.Open(folder.FullName);
            Assert.IsType<ModernBertArchitecture>(file.Architecture);
            LoadReport.Of(file, file.Architecture.Configure(file.Config, file), ModelTask.MaskedLm, labels: 2).ThrowIfFaulty();
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Load_OfItsOwnAccord_RefusesAHeadOfWhichAPartIsMissing()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("cloze-flexbert-");
        try
        {
            foreach (string path in Directory.GetFiles(s_folder)) File.Copy(path, Path.Combine(folder.FullName, Path.GetFileName(path)));
            string config = Path.Combine(folder.FullName, "config.json");
            JsonObject fields = JsonNode.Parse(File.ReadAllText(config))!.AsObject();
            fields["tie_word_embeddings"] = false;
            File.WriteAllText(config, fields.ToJsonString());
            Assert.Contains("decoder.weight", Assert.Throws<CheckpointException>(() => LoadedModel.Load(folder.FullName, task: null)).Message, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string[] Asked(ModelTask task, params (string, string?)[] changes)
    {
        FlexBertArchitecture architecture = new();
        Weights<Shape> weights = ShapeFactory.Schema();
        architecture.Build(architecture.Configure(Config(changes), file: null), task, labels: 3, weights);
        return [.. weights.Tensors.Select(tensor => tensor.ToString())];
    }

    private static FlexBertConfig Read(params (string, string?)[] changes) => FlexBertConfig.Read(Config(changes));

    /// <summary>The recorded configuration with some values changed, or taken out (null).</summary>
    private static ConfigFields Config(params (string Name, string? Value)[] changes)
    {
        JsonObject config = JsonNode.Parse(File.ReadAllText(Path.Combine(s_folder, "config.json")))!.AsObject();
        foreach ((string name, string? value) in changes)
            if (value is null) config.Remove(name); else config[name] = JsonNode.Parse(value);
        return ConfigFields.Parse(Encoding.UTF8.GetBytes(config.ToJsonString()), "config.json");
    }
}
