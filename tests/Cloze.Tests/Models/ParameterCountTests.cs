using Cloze.Models;
using Cloze.Ops;
namespace Cloze.Tests.Models;

/// <summary>Models of published sizes ask for as many parameters as the published files hold.</summary>
public class ParameterCountTests
{
    private static readonly BertConfig s_bert = Published.Config<BertConfig>("bert-base"), s_bertLarge = Published.Config<BertConfig>("bert-large");
    private static readonly RobertaConfig s_roberta = Published.Config<RobertaConfig>("roberta-base");
    private static readonly AlbertConfig s_albert = Published.Config<AlbertConfig>("albert-base-v2");
    private static readonly DistilBertConfig s_distilBert = Published.Config<DistilBertConfig>("distilbert-base");
    private static readonly LongformerConfig s_longformer = Published.Config<LongformerConfig>("longformer-base");
    private static readonly DebertaV2Config s_debertaV3 = Published.Config<DebertaV2Config>("deberta-v3-base"), s_debertaV3Generator = s_debertaV3 with { NumHiddenLayers = 6 };
    private static readonly ElectraConfig s_electra = Published.Config<ElectraConfig>("electra-base"), s_electraLarge = Published.Config<ElectraConfig>("electra-large");
    private static readonly ElectraConfig s_electraGenerator = s_electra with { HiddenSize = 256, NumAttentionHeads = 4, IntermediateSize = 1024 };
    private static readonly ModernBertConfig s_modernBert = Published.Config<ModernBertConfig>("modernbert-base");

    private static readonly Dictionary<string, (long Count, Action<Weights<Shape>> Build)> s_models = new()
    {
        ["BERT base with pooler"] = (109_482_240, w => { _ = new Bert<Shape>(s_bert, w); BertHeads.Pooler(s_bert, w); }
        ),
        ["BERT base cased with pooler"] = (108_310_272, w => { _ = new Bert<Shape>(s_bert with { VocabSize = 28996 }, w); BertHeads.Pooler(s_bert, w); }
        ),
        ["BERT large with pooler"] = (335_141_888, w => { _ = new Bert<Shape>(s_bertLarge, w); BertHeads.Pooler(s_bertLarge, w); }
        ),
        ["RoBERTa base"] = (124_055_040, w => _ = new Roberta<Shape>(s_roberta, w)),
        ["RoBERTa base with pooler"] = (124_645_632, w => { _ = new Roberta<Shape>(s_roberta, w); RobertaHeads.Pooler(s_roberta, w); }
        ),
        ["RoBERTa large"] = (354_310_144, w => _ = new Roberta<Shape>(s_roberta with { HiddenSize = 1024, NumHiddenLayers = 24, NumAttentionHeads = 16, IntermediateSize = 4096 }, w)),
        ["DistilBERT base"] = (66_362_880, w => _ = new DistilBert<Shape>(s_distilBert, w)),
        ["ALBERT base with pooler"] = (11_683_584, w => { _ = new Albert<Shape>(s_albert, w); AlbertHeads.Pooler(s_albert, w); }
        ),
        ["Longformer base"] = (148_068_864, w => _ = new Longformer<Shape>(s_longformer, w)),
        ["Longformer base with its masked-LM head"] = (148_711_257, w => RobertaHeads.MaskedLm(s_longformer.ToRoberta(), w, new Longformer<Shape>(s_longformer, w.Under("longformer")).Words)),
        ["Longformer large"] = (433_551_360, w => _ = new Longformer<Shape>(Published.Config<LongformerConfig>("longformer-large"), w)),
        ["DeBERTa-v3 base"] = (183_831_552, w => _ = new DebertaV2<Shape>(s_debertaV3, w)),
        // 512 positions; the head's dense layer and LayerNorm, and a bias a word
        ["DeBERTa-v3 base with its mask decoder and masked-LM head"] =
            (183_831_552 + 393_216 + (590_592 + 1_536 + 128_100), w => DebertaHeads.MaskedWords(s_debertaV3, w, new DebertaV2<Shape>(s_debertaV3, w.Under("deberta")))),
        ["ELECTRA small"] = (13_483_008, w => _ = new Electra<Shape>(Published.Config<ElectraConfig>("electra-small"), w)),
        ["ELECTRA base"] = (108_891_648, w => _ = new Electra<Shape>(s_electra, w)),
        ["ELECTRA large"] = (334_092_288, w => _ = new Electra<Shape>(s_electraLarge, w)),
        ["ELECTRA base generator"] = (33_511_168, w => _ = new Electra<Shape>(s_electraGenerator, w)),
        ["ELECTRA large generator"] = (50_999_552, w => _ = new Electra<Shape>(s_electraLarge with { HiddenSize = 256, NumAttentionHeads = 4, IntermediateSize = 1024 }, w)),
        ["ModernBERT base"] = (149_014_272, w => _ = new ModernBert<Shape>(s_modernBert, w)),
        ["ModernBERT base with its masked-LM head"] = (149_655_232, w => ModernBertHeads.MaskedLm(s_modernBert, w, new ModernBert<Shape>(s_modernBert, w.Under("model")).Words)),
        ["ModernBERT large"] = (394_781_696, w => _ = new ModernBert<Shape>(Published.Config<ModernBertConfig>("modernbert-large"), w)),
    };

    /// <summary>In millions, to the tenth that is published.</summary>
    private static readonly Dictionary<string, (double Millions, DebertaV2Config Config)> s_debertas = new()
    {
        ["DeBERTa-v3 xsmall"] = (70.7, Published.Config<DebertaV2Config>("deberta-v3-xsmall")),
        ["DeBERTa-v3 small"] = (141.3, Published.Config<DebertaV2Config>("deberta-v3-small")),
        ["DeBERTa-v3 large"] = (434.0, Published.Config<DebertaV2Config>("deberta-v3-large")),
        ["DeBERTa-v2 xlarge"] = (884.6, Published.Config<DebertaV2Config>("deberta-v2-xlarge")),
        ["DeBERTa-v2 xxlarge"] = (1564.5, Published.Config<DebertaV2Config>("deberta-v2-xxlarge")),
        ["mDeBERTa-v3 base"] = (278.2, s_debertaV3 with { VocabSize = 251000 }),
    };

    public static TheoryData<string> Models => [.. s_models.Keys];

    public static TheoryData<string> Debertas => [.. s_debertas.Keys];

    [Theory]
    [MemberData(nameof(Models))]
    public void Parameters_AreAsManyAsPublished(string model) => Assert.Equal(s_models[model].Count, Count(s_models[model].Build));

    [Theory]
    [MemberData(nameof(Debertas))]
    public void Parameters_AreAsManyMillionsAsPublished(string model) =>
        Assert.Equal(s_debertas[model].Millions, Math.Round(Count(w => _ = new DebertaV2<Shape>(s_debertas[model].Config, w)) / 1e6, 1));

    [Fact]
    public void ElectraPair_CountsTheEmbeddingsOnce()
    {
        long embeddings = (30522L + 512 + 2 + 2) * 768;
        long apart = Count(w => ElectraHeads.MaskedLm(s_electraGenerator, w, new Electra<Shape>(s_electraGenerator, w.Under("electra")).Words))
            + Count(w => { _ = new Electra<Shape>(s_electra, w.Under("electra")); ElectraHeads.ReplacedToken(s_electra, w); });
        Assert.Equal(apart - embeddings, Count(w => ElectraHeads.Pretraining(new(s_electraGenerator, s_electra), w)));
    }

    /// <summary>The residual of gradient-disentangled sharing is as large as a table of its own.</summary>
    [Theory]
    [InlineData(EmbeddingSharing.None, 0)]
    [InlineData(EmbeddingSharing.Es, 128100 * 768)]
    [InlineData(EmbeddingSharing.Gdes, 0)]
    public void DebertaV3Pair_CountsASharedTableOnce(EmbeddingSharing sharing, long shared)
    {
        long apart = Count(w => DebertaHeads.MaskedWords(s_debertaV3Generator, w, new DebertaV2<Shape>(s_debertaV3Generator, w.Under("deberta"))))
            + Count(w => { _ = new DebertaV2<Shape>(s_debertaV3, w.Under("deberta")); DebertaHeads.ReplacedToken(s_debertaV3, w); });
        Assert.Equal(apart - shared, Count(w => DebertaHeads.Pretraining(new(s_debertaV3Generator, s_debertaV3, sharing), w)));
    }

    private static long Count(Action<Weights<Shape>> build)
    {
        Weights<Shape> weights = ShapeFactory.Schema();
        build(weights);
        Assert.Empty(weights.Faults);
        return weights.Tensors.Sum(tensor => tensor.Elements);
    }
}
