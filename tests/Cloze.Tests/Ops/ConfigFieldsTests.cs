using System.Text;
using Cloze.Checkpoints;
using Cloze.Heads;
using Cloze.Models;
using Cloze.Ops;
namespace Cloze.Tests.Ops;

/// <summary>config.json is read strictly: what changes the result and is not supported is refused by name, what nobody reads is listed.</summary>
public class ConfigFieldsTests
{
    private const string Bert = """ "model_type":"bert","vocab_size":50,"hidden_size":8,"num_hidden_layers":2,"num_attention_heads":2,"intermediate_size":12 """;
    private const string Longformer = """ "model_type":"longformer","vocab_size":50,"hidden_size":8,"num_hidden_layers":2,"num_attention_heads":2,"intermediate_size":12 """;
    private const string DebertaV2 = """ "model_type":"deberta-v2","vocab_size":50,"hidden_size":8,"num_hidden_layers":2,"num_attention_heads":2,"intermediate_size":12 """;
    private const string ModernBert = """ "model_type":"modernbert","vocab_size":50,"hidden_size":8,"num_hidden_layers":2,"num_attention_heads":2,"intermediate_size":12 """;

    [Theory]
    [InlineData(Bert, "\"is_decoder\":true", "is_decoder is true")]
    [InlineData(Bert, "\"add_cross_attention\":true", "add_cross_attention is true")]
    [InlineData(Bert, "\"hidden_act\":\"gelu_typo\"", "hidden_act is \"gelu_typo\", which is not supported; supported: gelu,")]
    [InlineData(Bert, "\"hidden_act\":\"\"", "hidden_act is \"\"")]
    [InlineData(Bert, "\"hidden_act\":3", "hidden_act is 3; a text is needed")]
    [InlineData(Bert, "\"position_embedding_type\":\"rotary\"", "position_embedding_type is \"rotary\"")]
    [InlineData(Bert, "\"num_attention_heads\":3", "hidden_size is 8, which is not a multiple of num_attention_heads, 3")]
    [InlineData(Bert, "\"hidden_size\":\"8\"", "hidden_size is \"8\"; a whole number")]
    [InlineData(Bert, "\"hidden_size\":8.5", "hidden_size is 8.5; a whole number")]
    [InlineData(Bert, "\"hidden_size\":null", "hidden_size is null")]
    [InlineData(Bert, "\"layer_norm_eps\":null", "layer_norm_eps is null")]
    [InlineData(Bert, "\"layer_norm_eps\":-1e-12", "layer_norm_eps is -1e-12; a number of at least 0")]
    [InlineData(Bert, "\"layer_norm_eps\":1e999", "layer_norm_eps is 1e999")]
    [InlineData(Bert, "\"hidden_dropout_prob\":1.5", "hidden_dropout_prob is 1.5; a number of at most 1")]
    [InlineData(Bert, "\"num_hidden_layers\":1000000000", "num_hidden_layers is 1000000000; a whole number from 1 to 1000")]
    [InlineData(Bert, "\"vocab_size\":2147483648", "vocab_size is 2147483648; a whole number from 1 to")]
    [InlineData(Bert, "\"hidden_act\":\"\\ud800\"", "hidden_act is")]
    [InlineData(Longformer, "\"pad_token_id\":-2", "pad_token_id is -2; a whole number from -1")]
    [InlineData(Longformer, "\"pad_token_id\":null", "pad_token_id is null")]
    [InlineData(Longformer, "\"attention_window\":[4,5]", "attention_window is [4, 5]")]
    [InlineData(Longformer, "\"attention_window\":[4,4,4]", "one for each of 2 layers")]
    [InlineData(Longformer, "\"attention_mode\":\"n2\"", "attention_mode is \"n2\"")]
    [InlineData(Longformer, "\"attention_dilation\":[1,2]", "attention_dilation")]
    [InlineData(DebertaV2, "\"pos_att_type\":\"c2p|c2q\"", "pos_att_type is \"c2q\"")]
    [InlineData(DebertaV2, "\"attention_head_size\":5", "attention_head_size is 5")]
    [InlineData(DebertaV2, "\"conv_kernel_size\":4", "conv_kernel_size is 4")]
    [InlineData(ModernBert, "\"classifier_pooling\":\"max\"", "classifier_pooling is \"max\"")]
    [InlineData(ModernBert, "\"layer_types\":[\"full_attention\",\"chunked_attention\"]", "layer_types is [full_attention, chunked_attention]")]
    [InlineData(ModernBert, "\"rope_scaling\":{\"type\":\"linear\"}", "rope_scaling")]
    [InlineData(ModernBert, "\"rope_parameters\":{\"full_attention\":{\"rope_type\":\"yarn\"}}", "rope_type is \"yarn\"")]
    public void WhatIsNotSupported_IsRefusedByName(string known, string field, string message)
    {
        CheckpointException refusal = Assert.Throws<CheckpointException>(() => Configure($"{{{known},{field}}}"));
        Assert.StartsWith("config.json: ", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(message, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{", "not valid JSON")]
    [InlineData("", "is empty; JSON is needed")]
    [InlineData("[]", "a JSON object is needed")]
    [InlineData("{} {}", "not valid JSON")]
    [InlineData("{\"a\":1,}", "not valid JSON")]
    [InlineData("{/* c */}", "not valid JSON")]
    [InlineData("{\"layer_norm_eps\":NaN}", "not valid JSON")]
    public void WhatIsNoJson_IsRefused(string json, string message) =>
        Assert.Contains(message, Assert.Throws<CheckpointException>(() => Parse(json)).Message, StringComparison.Ordinal);

    [Fact]
    public void Latin1_IsRefused() =>
        Assert.Contains("UTF-8", Assert.Throws<CheckpointException>(() => ConfigFields.Parse(Encoding.Latin1.GetBytes("{\"a\":\"é\"}"), "config.json")).Message, StringComparison.Ordinal);

    [Fact]
    public void DeepNesting_IsRefused() => Assert.Throws<CheckpointException>(() => Parse($"{{\"a\":{new string('[', 100_000)}"));

    [Fact]
    public void UnknownModelTypes_AreRefused_WithTheKnownOnes()
    {
        CheckpointException refusal = Assert.Throws<CheckpointException>(() => ModelRegistry.Find(Parse("{\"model_type\":\"t5\"}")));
        Assert.Contains("model_type is \"t5\"", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("xlm-roberta", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatNobodyReads_IsListed_AndNeverRefused()
    {
        ConfigFields fields = Parse($"{{{Bert},\"bias_everywhere\":true,\"chunk_size_feed_forward\":2,\"bos_token_id\":7,\"pruned_heads\":{{}},\"initializer_range\":0.02,\"my_key\":[1]}}");
        IArchitecture architecture = ModelRegistry.Find(fields);
        architecture.Configure(fields, file: null);
        TaskConfig.Read(fields, ModelTask.Base);
        Assert.Equal(["bias_everywhere", "my_key"], fields.Unread);
    }

    [Theory]
    [InlineData("\"pruned_heads\":{\"0\":[1]}")]
    [InlineData("\"is_encoder_decoder\":true")]
    public void WhatChangesTheNetwork_IsRefused(string field) => Assert.Throws<CheckpointException>(() => ModelRegistry.Find(Parse($"{{{Bert},{field}}}")));

    [Fact]
    public void Defaults_AreTheReferences()
    {
        BertConfig config = (BertConfig)Configure($"{{{Bert}}}");
        Assert.Equal(new BertConfig { VocabSize = 50, HiddenSize = 8, NumHiddenLayers = 2, NumAttentionHeads = 2, IntermediateSize = 12 }, config);
        Assert.Equal(0, config.PadTokenId);
        Assert.Null(((BertConfig)Configure($"{{{Bert},\"pad_token_id\":null}}")).PadTokenId);
    }

    /// <summary>Each network of a pair is a config.json of its own.</summary>
    [Theory]
    [InlineData("electra", """ "vocab_size":50,"hidden_size":8,"embedding_size":8,"num_attention_heads":2 """)]
    [InlineData("deberta-v2", """ "vocab_size":50,"hidden_size":8,"num_attention_heads":2 """)]
    public void WhatNobodyReadsInAPair_IsListed_AndWhatChangesANetworkIsRefused(string type, string sizes)
    {
        ConfigFields fields = Parse($$"""
            {"model_type":"{{type}}","generator":{{{sizes}},"my_key":1,"model_type":"{{type}}"},"discriminator":{{{sizes}},"bos_token_id":7,"your_key":[2],"no_key":null},"last":0}
            """);
        ModelRegistry.Find(fields).Configure(fields, file: null);
        Assert.Equal(["last", "generator.my_key", "discriminator.your_key"], fields.Unread);
        Refuses(""" "pruned_heads":{"0":[1]} """, "pruned_heads is not empty");
        Refuses(""" "model_type":"bert" """, "model_type is \"bert\"");

        void Refuses(string field, string words) => Assert.Contains($"config.json: generator: {words}", Assert.Throws<CheckpointException>(() =>
            Configure($$"""{"model_type":"{{type}}","generator":{{{sizes}},{{field}} },"discriminator":{{{sizes}} } }""")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_ComeFromId2Label_ElseFromTheirNumber()
    {
        Assert.Equal(["no", "yes", "LABEL_2"], Task("\"id2label\":{\"1\":\"yes\",\"0\":\"no\",\"2\":null},\"num_labels\":7").Labels);
        Assert.Equal(3, Task("\"num_labels\":3").Labels.Count);
        Assert.Equal(["LABEL_0", "LABEL_1"], Task("\"x\":0").Labels);
        Assert.Equal(ProblemType.MultiLabelClassification, Task("\"problem_type\":\"multi_label_classification\"").Problem);
        Assert.Contains("problem_type is \"ranking\"", Assert.Throws<CheckpointException>(() => Task("\"problem_type\":\"ranking\"")).Message, StringComparison.Ordinal);
        Assert.Contains("without a gap", Assert.Throws<CheckpointException>(() => Task("\"id2label\":{\"0\":\"a\",\"2\":\"b\"}")).Message, StringComparison.Ordinal);
        Assert.Contains("key \"a\"", Assert.Throws<CheckpointException>(() => Task("\"id2label\":{\"a\":\"b\"}")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("BertForMaskedLM", ModelTask.MaskedLm)]
    [InlineData("BertForNextSentencePrediction", ModelTask.NextSentence)]
    [InlineData("BertModel", ModelTask.Base)]
    public void Architectures_NameTheTask(string className, ModelTask task)
    {
        ConfigFields fields = Parse($"{{{Bert},\"architectures\":[\"{className}\"]}}");
        Assert.Equal(task, ModelRegistry.TaskOf(fields.Texts("architectures")![0], ModelRegistry.Find(fields), fields.Source));
    }

    [Fact]
    public void Architectures_ThatAreNoEncodersClass_AreRefused()
    {
        ConfigFields fields = Parse($"{{{Bert},\"architectures\":[\"BertLMHeadModel\"]}}");
        Assert.Contains("BertLMHeadModel is not supported", Assert.Throws<CheckpointException>(() => ModelRegistry.TaskOf(fields.Texts("architectures")![0], ModelRegistry.Find(fields), fields.Source)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bert.encoder.layer.0.attention.self.query.weight", typeof(BertArchitecture))]
    [InlineData("bert.encoder.layer.0.attention.self.Wqkv.weight", typeof(MosaicBertArchitecture))]
    public void OneModelType_OfTwoArchitectures_IsToldByTheTensors(string stored, Type architecture) =>
        Assert.IsType(architecture, ModelRegistry.Find(Parse($"{{{Bert}}}"), [stored]));

    [Theory]
    [InlineData("electra.encoder.layer.0.attention.self.query.weight", typeof(ElectraArchitecture))]
    [InlineData("roberta.encoder.layer.0.attention.self.query.weight", typeof(RobertaArchitecture))]
    [InlineData("encoder.layer.0.attention.self.query.weight", typeof(BertArchitecture))]
    [InlineData("distilbert.transformer.layer.0.attention.q_lin.weight", typeof(DistilBertArchitecture))]
    [InlineData("layers.0.attn.Wqkv.weight", typeof(ModernBertArchitecture))]
    public void WithoutAModelType_TheTensorsTell(string stored, Type architecture) => Assert.IsType(architecture, ModelRegistry.Find(Parse("{\"vocab_size\":50}"), [stored]));

    [Fact]
    public void WithoutAModelType_AClassTells()
    {
        Assert.IsType<BertArchitecture>(ModelRegistry.Find(Parse("{\"vocab_size\":50}"), stored: ["x"], "BertForMaskedLM"));
        Assert.Contains("RobertaModel is no class of bert; there are BertModel, ", Assert.Throws<CheckpointException>(() => ModelRegistry.Find(Parse($"{{{Bert}}}"), null, "RobertaModel")).Message, StringComparison.Ordinal);
    }

    /// <summary>Values of transformers' ACT2FN at −1.5, 0.75 and 12, by their formulas in Python's math.</summary>
    [Theory]
    [InlineData("gelu", -0.100210802, 0.580029486, 12)]
    [InlineData("gelu_python", -0.100210802, 0.580029486, 12)]
    [InlineData("gelu_10", -0.100210802, 0.580029486, 10)]
    [InlineData("gelu_new", -0.100428423, 0.579960555, 12)]
    [InlineData("gelu_pytorch_tanh", -0.100428423, 0.579960555, 12)]
    [InlineData("gelu_python_tanh", -0.100428423, 0.579960555, 12)]
    [InlineData("gelu_fast", -0.100428423, 0.579960555, 12)]
    [InlineData("gelu_accurate", -0.100428423, 0.579960555, 12)]
    [InlineData("quick_gelu", -0.108337802, 0.586390058, 12)]
    [InlineData("relu", 0, 0.75, 12)]
    [InlineData("relu2", 0, 0.5625, 144)]
    [InlineData("relu6", 0, 0.75, 6)]
    [InlineData("leaky_relu", -0.015, 0.75, 12)]
    [InlineData("silu", -0.273638286, 0.509384024, 11.9999263)]
    [InlineData("swish", -0.273638286, 0.509384024, 11.9999263)]
    [InlineData("tanh", -0.905148254, 0.635148952, 1)]
    [InlineData("sigmoid", 0.182425524, 0.679178699, 0.999993856)]
    [InlineData("mish", -0.298099742, 0.610018335, 12)]
    [InlineData("laplace", 2.55351296e-15, 0.560426887, 1)]
    [InlineData("linear", -1.5, 0.75, 12)]
    public void EveryActivationOfTheReference_IsKnownByItsName(string name, double atMinusOneAndAHalf, double atThreeQuarters, double atTwelve)
    {
        Activation activation = Parse($"{{\"hidden_act\":\"{name}\"}}").Activation("hidden_act", Activation.Linear);
        foreach ((double x, double y) in (ReadOnlySpan<(double, double)>)[(-1.5, atMinusOneAndAHalf), (0.75, atThreeQuarters), (12, atTwelve)])
            Assert.Equal(y, Reference.ActivationFunctions.Value(activation, x), 1e-7);
    }

    [Theory]
    [InlineData(Bert, "hidden_act")]
    [InlineData(""" "model_type":"roberta","vocab_size":50 """, "hidden_act")]
    [InlineData(""" "model_type":"albert","vocab_size":50 """, "hidden_act")]
    [InlineData(""" "model_type":"distilbert","vocab_size":50 """, "activation")]
    [InlineData(""" "model_type":"electra","vocab_size":50 """, "hidden_act")]
    [InlineData(""" "model_type":"electra","vocab_size":50 """, "summary_activation")]
    [InlineData(Longformer, "hidden_act")]
    [InlineData(""" "model_type":"deberta","vocab_size":50 """, "hidden_act")]
    [InlineData(""" "model_type":"deberta","vocab_size":50 """, "pooler_hidden_act")]
    [InlineData(DebertaV2, "hidden_act")]
    [InlineData(DebertaV2, "pooler_hidden_act")]
    [InlineData(DebertaV2, "conv_act")]
    [InlineData(ModernBert, "hidden_activation")]
    [InlineData(ModernBert, "classifier_activation")]
    public void EveryField_ThatNamesAnActivation_KnowsThem(string known, string field)
    {
        Assert.Contains("= Laplace", Configure($"{{{known},\"{field}\":\"laplace\"}}").ToString(), StringComparison.Ordinal);
        foreach (string withWeights in (ReadOnlySpan<string>)["prelu", "xielu"])
        {
            Assert.Contains($"{field} is \"{withWeights}\", a function with weights of its own, which is not supported",
                Assert.Throws<CheckpointException>(() => Configure($"{{{known},\"{field}\":\"{withWeights}\"}}")).Message, StringComparison.Ordinal);
        }
    }

    private static TaskConfig Task(string field) => TaskConfig.Read(Parse($"{{{field}}}"), ModelTask.SequenceClassification);

    private static object Configure(string json)
    {
        ConfigFields fields = Parse(json);
        return ModelRegistry.Find(fields).Configure(fields, file: null);
    }

    private static ConfigFields Parse(string json) => ConfigFields.Parse(Encoding.UTF8.GetBytes(json), "config.json");
}
