using System.Text;
using Cloze.Checkpoints;
using Cloze.Heads;
using Cloze.Models;
using Cloze.Ops;
using Cloze.Tests.Reference;
namespace Cloze.Tests.Models;

/// <summary>Keys of config.json that one code follows and another does not look at, and labels whose meaning follows from their type and number.</summary>
public class OptionTests
{
    private const string Deberta = """
        {"model_type":"deberta","vocab_size":60,"hidden_size":24,"num_hidden_layers":2,"num_attention_heads":3,"intermediate_size":20,"relative_attention":true
        """;
    private const string LaterKeys = ""","position_buckets":16,"share_att_key":true,"norm_rel_ebd":"layer_norm","conv_kernel_size":3,"attention_head_size":5""";

    [Fact]
    public void Deberta_OfTheReference_DoesNotReadWhatLaterVersionsHave()
    {
        ConfigFields config = Parse($$"""{{Deberta}}{{LaterKeys}},"architectures":["DebertaModel"]}""");
        Assert.Equal(
            new DebertaArchitecture().Configure(Parse($$"""{{Deberta}},"architectures":["DebertaModel"]}"""), null).ToString(),
            new DebertaArchitecture().Configure(config, null).ToString());
        Assert.Equal(["attention_head_size", "conv_kernel_size", "norm_rel_ebd", "position_buckets", "share_att_key"],
            config.Unread.Except(["model_type", "architectures"]).Order());
    }

    [Theory]
    [InlineData("\"position_buckets\":16", "position_buckets is 16")]
    [InlineData("\"share_att_key\":true", "share_att_key is true")]
    [InlineData("\"norm_rel_ebd\":\"layer_norm\"", "norm_rel_ebd is layer_norm")]
    [InlineData("\"conv_kernel_size\":3", "conv_kernel_size is 3")]
    [InlineData("\"pos_att_type\":\"p2p|c2p\"", "the authors' code fails at p2p")]
    public void Deberta_OfTheAuthors_RefusesThem(string option, string words) => Assert.Contains(words,
        Assert.Throws<CheckpointException>(() => new DebertaArchitecture().Configure(Parse($"{Deberta},{option}}}"), null)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("DebertaModel", "\"pos_att_type\":\"c2p|p2c|p2p\"", 4, 3)]
    [InlineData("DebertaModel", "\"pos_att_type\":[\"none\"]", 2, 1)]       // the reference's first version counts what it lists
    [InlineData("DebertaModel", "\"pos_att_type\":null", 1, 1)]
    [InlineData("MaskedLanguageModel", "\"pos_att_type\":\"none\"", 1, 1)]
    [InlineData("MaskedLanguageModel", "\"type_vocab_size\":0", 2, 2)]      // the authors' code has c2p where nothing is said
    [InlineData("MaskedLanguageModel", "\"relative_attention\":false,\"pos_att_type\":\"p2p|p2c\"", 3, 3)]
    public void Deberta_CountsTheTermsOfAScore_AsEachCodeDoes(string className, string options, int first, int later)
    {
        ConfigFields config = Parse($"{Deberta},\"architectures\":[\"{className}\"],{options}}}");
        Assert.Equal((first, later), (DebertaV2Config.ReadVersion1(config).TermsOfVersion1, DebertaV2Config.Read(config).Terms));
    }

    [Theory]
    [InlineData("\"position_buckets\":1", "half of which is no bucket")]
    [InlineData("\"conv_kernel_size\":4", "odd widths")]
    [InlineData("\"attention_head_size\":5", "attention_head_size is 5")]
    public void DebertaV2_RefusesWhatTheReferenceCannotRun(string option, string words) => Assert.Contains(words, Assert.Throws<CheckpointException>(() =>
        DebertaV2Config.Read(Parse($"{Deberta},\"architectures\":[\"DebertaV2Model\"],{option}}}"))).Message, StringComparison.Ordinal);

    [Fact]
    public void APoolersWidth_MattersWhereThereIsAPooler()
    {
        object settings = new DebertaV2Architecture().Configure(Parse($$"""{{Deberta}},"architectures":["DebertaV2Model"],"pooler_hidden_size":7}"""), null);
        Build(new DebertaV2Architecture(), settings, ModelTask.MaskedLm);
        Assert.Contains("pooler_hidden_size is 7", Assert.Throws<CheckpointException>(() =>
            Build(new DebertaV2Architecture(), settings, ModelTask.SequenceClassification)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"num_hidden_layers\":1", "num_hidden_layers 1")]
    [InlineData("\"embedding_size\":12", "embedding_size 12")]
    public void AMaskDecoder_ThatTheAuthorsCodeCannotRun_IsRefused_AndOnlyThat(string option, string words)
    {
        DebertaV2Architecture deberta = new();
        string config = $"{Deberta},\"position_biased_input\":false,{option}";
        object original = deberta.Configure(Parse($"{config}}}"), null);
        Assert.Contains(words, Assert.Throws<CheckpointException>(() => Build(deberta, original, ModelTask.MaskedLm)).Message, StringComparison.Ordinal);
        Build(deberta, original, ModelTask.SequenceClassification);
        Build(deberta, deberta.Configure(Parse($"{config},\"architectures\":[\"DebertaV2ForMaskedLM\"]}}"), null), ModelTask.MaskedLm);
    }

    [Theory]
    [InlineData("", Activation.Gelu)]
    [InlineData(",\"summary_activation\":null", Activation.Linear)]
    [InlineData(",\"summary_activation\":\"\"", Activation.Linear)]
    [InlineData(",\"summary_activation\":\"tanh\"", Activation.Tanh)]
    public void Electra_SummaryActivation(string option, Activation activation) => Assert.Equal(activation, Electra(option).SummaryActivation);

    [Theory]
    [InlineData(",\"summary_type\":\"attn\"", "summary_type is \"attn\"")]
    [InlineData(",\"summary_proj_to_labels\":true", "summary_proj_to_labels is true")]
    public void Electra_ASummaryThatCannotBe_IsRefusedWhereOneIsMade(string option, string words)
    {
        Build(new ElectraArchitecture(), Electra(option), ModelTask.PreTraining);
        Assert.Contains(words, Assert.Throws<CheckpointException>(() => Build(new ElectraArchitecture(), Electra(option), ModelTask.MultipleChoice)).Message, StringComparison.Ordinal);
        Build(new ElectraArchitecture(), Electra(",\"summary_type\":\"cls_index\",\"summary_proj_to_labels\":true,\"summary_use_proj\":false"), ModelTask.MultipleChoice);
    }

    [Fact]
    public void Longformer_OfTheReference_DoesNotReadHowTheAuthorsCodeComputes()
    {
        const string Config = """{"model_type":"longformer","vocab_size":60,"attention_window":8,"attention_mode":"sliding_chunks","position_embedding_type":"relative_key" """;
        Assert.Equal(8, LongformerConfig.Read(Parse(Config + "}")).Reach(0));
        Assert.Equal(4, LongformerConfig.Read(Parse(Config + ""","attention_dilation":[2],"autoregressive":true,"architectures":["LongformerModel"]}""")).Reach(0));
        Assert.Throws<CheckpointException>(() => LongformerConfig.Read(Parse(Config + ""","attention_dilation":[2]}""")));
    }

    /// <summary>Its class has one parameter for both (mosaicml/examples bert_layers.py, BertLMPredictionHead).</summary>
    [Fact]
    public void MosaicBert_WithADecoderOfItsOwn_IsRefused()
    {
        MosaicBertArchitecture mosaic = new();
        const string Config = """{"model_type":"bert","vocab_size":8,"hidden_size":4,"num_attention_heads":2 """;
        Assert.Contains("tie_word_embeddings is false, which is not supported; supported: true: the authors' class has one table", Assert.Throws<CheckpointException>(() =>
            mosaic.Configure(Parse(Config + ""","tie_word_embeddings":false}"""), null)).Message, StringComparison.Ordinal);
        mosaic.Configure(Parse(Config + "}"), new Stored(1, 1));
        Assert.Contains("cls.predictions.decoder.weight has other values than bert.embeddings.word_embeddings.weight", Assert.Throws<CheckpointException>(() =>
            mosaic.Configure(Parse(Config + "}"), new Stored(1, 2))).Message, StringComparison.Ordinal);
    }

    /// <summary>Two tensors of a MosaicBERT, each of one number again and again.</summary>
    private sealed class Stored(float words, float decoder) : IStoredTensors
    {
        public StoredTensor? Find(string name) => name switch
        {
            "bert.embeddings.word_embeddings.weight" => Of(name, words),
            "cls.predictions.decoder.weight" => Of(name, decoder),
            _ => null,
        };

        private static StoredTensor Of(string name, float value) => new(name, [8, 4], () => [.. Enumerable.Repeat(value, 32)]);
    }

    [Theory]
    [InlineData("bert", 768, 12, 12, 3072)]
    [InlineData("roberta", 768, 12, 12, 3072)]
    [InlineData("albert", 4096, 12, 64, 16384)]
    [InlineData("distilbert", 768, 6, 12, 3072)]
    [InlineData("electra", 256, 12, 4, 1024)]
    [InlineData("longformer", 768, 12, 12, 3072)]
    [InlineData("deberta", 768, 12, 12, 3072)]
    [InlineData("deberta-v2", 1536, 24, 24, 6144)]
    [InlineData("modernbert", 768, 22, 12, 1152)]
    public void SizesThatAreAbsent_AreTheReferences(string type, int hidden, int layers, int heads, int intermediate)
    {
        string className = ModelRegistry.Find(Parse($"{{\"model_type\":\"{type}\"}}")).Classes.Keys.First();
        ConfigFields config = Parse($"{{\"model_type\":\"{type}\",\"vocab_size\":9,\"architectures\":[\"{className}\"]}}");
        object settings = ModelRegistry.Find(config).Configure(config, null);
        string[] names = type == "distilbert" ? ["Dim", "NLayers", "NHeads", "HiddenDim"] : ["HiddenSize", "NumHiddenLayers", "NumAttentionHeads", "IntermediateSize"];
        foreach ((string name, int size) in names.Zip([hidden, layers, heads, intermediate]))
            Assert.Contains($"{name} = {size},", settings.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void SparsePrediction_ScoresWhatIsNotTheIgnoredLabel()
    {
        const string Config = """
            {"model_type":"modernbert","vocab_size":60,"hidden_size":16,"num_hidden_layers":1,"num_attention_heads":2,"intermediate_size":20,"pad_token_id":1,
            "sparse_pred_ignore_index":0
            """;
        foreach ((string options, int scored) in (IEnumerable<(string, int)>)[("}", 4), (",\"sparse_prediction\":true}", 3)])
        {
            ModernBertArchitecture modernBert = new();
            ReferenceReading reading = new();
            EncoderModel<ReferenceTensor> model = modernBert.Build(modernBert.Configure(Parse(Config + options), null), ModelTask.MaskedLm, 2,
                new Weights<ReferenceTensor>(new RandomStart(5), reading.Factory));
            ILosses<ReferenceTensor> ops = reading.Open();
            TaskRun<ReferenceTensor> run = new(model, new([], null), model.Pack(new(1, 4, [5, 6, 7, 8])), new() { Classes = [7, 0, Labels.Ignored, 9] });
            IReadOnlyList<TaskOutput<ReferenceTensor>> outputs = run.Outputs(ops);
            float[] logits = reading.Values(outputs[0].Value);
            Assert.Equal(scored * 60, logits.Length);
            (int Row, int Word)[] counted = scored == 4 ? [(0, 7), (1, 0), (3, 9)] : [(0, 7), (2, 9)];   // −100 is scored, and counts for nothing
            double loss = counted.Average(word => CrossEntropy(logits.AsSpan(word.Row * 60, 60), word.Word));
            Assert.Equal(loss, reading.Values(run.Loss(ops, outputs)!)[0], 1e-5);
        }
    }

    /// <summary>torch: the mean over none is NaN.</summary>
    [Fact]
    public void LossesOverNoLabel_AreNaN_InEveryReading()
    {
        Check(new ReferenceReading());
        using CpuReading cpu = new();
        Check(cpu);

        static void Check<T>(IReading<T> reading) where T : class
        {
            Weights<T> weights = new(new RandomStart(5), reading.Factory);
            ILosses<T> ops = reading.Open();
            T x = ops.SelectRows(weights.Table(4, 3, "x"), new([0, 1, 2, 3]));
            Labels none = new([Labels.Ignored, Labels.Ignored, Labels.Ignored, Labels.Ignored]);
            RowSet pairs = new(new([0, 1, 2, 3]), new[] { 0, 2, 4 });
            T group = ops.GroupCrossEntropy(ops.Columns(x, 0, 1), pairs, new([Labels.Ignored, Labels.Ignored]));
            T weighted = ops.CrossEntropy(x, none, new(0.1f, new float[] { 1, 2, 3 }));
            foreach (T loss in (T[])[ops.CrossEntropy(x, none), weighted, group, ops.WeightedSum([(0.5f, group), (0.5f, ops.CrossEntropy(x, new([0, 1, 2, 0])))])])
                Assert.Equal([float.NaN], reading.Values(loss));
            Assert.Equal([0f], reading.Values(ops.WeightedSum([])));
            reading.Close(ops);
        }
    }

    [Fact]
    public void DebertasLabels_AreClassesOrProbabilities_ByTheirNumber()
    {
        float[] probabilities = [0.2f, 0.3f, 0.5f, 0, 1, 0];
        Assert.Equal(Loss(new() { Classes = [2, 1] }), Loss(new() { Values = [2, 1.7f] }));                      // cut to whole numbers
        Assert.Equal(Loss(new() { Classes = [2, Labels.Ignored] }), Loss(new() { Values = [2, -0.5f] }));        // below 0: none
        Assert.Equal(Loss(new() { Values = [0, 1, 0, 1, 0, 1] }), Loss(new() { Classes = [0, 1, 0, 1, 0, 1] }));
        Assert.NotEqual(Loss(new() { Values = probabilities }), Loss(new() { Values = [0, 1, 0, 1, 0, 1] }));
        Assert.Equal(0, Loss(new() { Classes = [-1, Labels.Ignored] }));                                         // its class looks whether there is one
        Assert.Equal(float.NaN, Loss(new() { Classes = [Labels.Ignored, Labels.Ignored] }, ProblemType.SingleLabelClassification));
        Assert.Throws<ArgumentException>(() => Loss(new() { Values = [2, 1] }, ProblemType.SingleLabelClassification));
        Assert.Throws<ArgumentException>(() => Loss(new() { Values = [2, 1, 1] }));
        // torch.nn.BCEWithLogitsLoss fails at whole numbers
        Assert.Contains("floats are needed, 0 or 1 for each of 3 classes", Assert.Throws<ArgumentException>(() =>
            Loss(new() { Classes = [0, 1, 0, 1, 0, 1] }, ProblemType.MultiLabelClassification)).Message, StringComparison.Ordinal);

        static float Loss(TaskLabels labels, ProblemType? problem = null)
        {
            DebertaV2Architecture deberta = new();
            ReferenceReading reading = new();
            EncoderModel<ReferenceTensor> model = deberta.Build(deberta.Configure(Parse($$"""{{Deberta}},"architectures":["DebertaV2ForSequenceClassification"]}"""), null),
                ModelTask.SequenceClassification, 3, new Weights<ReferenceTensor>(new RandomStart(5, _ => new InitialValues.Normal(0.3)), reading.Factory));
            ILosses<ReferenceTensor> ops = reading.Open();
            TaskRun<ReferenceTensor> run = new(model, new(["a", "b", "c"], problem), model.Pack(new(2, 3, [5, 6, 7, 8, 9, 3])), labels);
            return reading.Values(run.Loss(ops, run.Outputs(ops))!)[0];
        }
    }

    private static double CrossEntropy(ReadOnlySpan<float> logits, int label)
    {
        double sum = 0;
        foreach (float logit in logits) sum += Math.Exp(logit);
        return Math.Log(sum) - logits[label];
    }

    private static ElectraConfig Electra(string options) => ElectraConfig.Read(Parse($$"""{"vocab_size":60,"hidden_size":16,"num_attention_heads":2{{options}}}"""));

    private static void Build(IArchitecture architecture, object settings, ModelTask task) => architecture.Build(settings, task, labels: 2, ShapeFactory.Schema());

    private static ConfigFields Parse(string json) => ConfigFields.Parse(Encoding.UTF8.GetBytes(json), "config.json");
}
