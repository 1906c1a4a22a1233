using Cloze.Models;
using Cloze.Ops;
namespace Cloze.Tests.Models;

/// <summary>Models of published sizes ask for as many parameters as the published files hold.</summary>
public class ParameterCountTests
{
    private static readonly BertConfig s_bert = new() { VocabSize = 30522, HiddenSize = 768, NumHiddenLayers = 12, NumAttentionHeads = 12, IntermediateSize = 3072 };
    private static readonly BertConfig s_bertLarge = s_bert with { HiddenSize = 1024, NumHiddenLayers = 24, NumAttentionHeads = 16, IntermediateSize = 4096 };

    private static readonly RobertaConfig s_roberta = new()
    {
        VocabSize = 50265,
        HiddenSize = 768,
        NumHiddenLayers = 12,
        NumAttentionHeads = 12,
        IntermediateSize = 3072,
        MaxPositionEmbeddings = 514,
        TypeVocabSize = 1,
    };

    private static readonly AlbertConfig s_albert = new() { VocabSize = 30000, HiddenSize = 768, NumHiddenLayers = 12, NumAttentionHeads = 12, IntermediateSize = 3072 };

    private static readonly LongformerConfig s_longformer = new()
    {
        VocabSize = 50265,
        HiddenSize = 768,
        NumHiddenLayers = 12,
        NumAttentionHeads = 12,
        IntermediateSize = 3072,
        MaxPositionEmbeddings = 4098,
        TypeVocabSize = 1,
    };

    private static readonly DebertaV2Config s_debertaV3 = new()
    {
        VocabSize = 128100,
        HiddenSize = 768,
        NumHiddenLayers = 12,
        NumAttentionHeads = 12,
        IntermediateSize = 3072,
        RelativeAttention = true,
        PosAttType = ["p2c", "c2p"],
        PositionBuckets = 256,
        ShareAttKey = true,
        NormRelEbd = ["layer_norm"],
        PositionBiasedInput = false,
    };

    private static readonly DebertaV2Config s_debertaV2 = s_debertaV3 with
    {
        HiddenSize = 1536,
        NumHiddenLayers = 24,
        NumAttentionHeads = 24,
        IntermediateSize = 6144,
        ConvKernelSize = 3,
        ConvAct = Activation.Gelu,
    };

    private static readonly DebertaV2Config s_debertaV3Generator = s_debertaV3 with { NumHiddenLayers = 6 };

    private static readonly ElectraConfig s_electraSmall = new() { VocabSize = 30522, HiddenSize = 256, NumHiddenLayers = 12, NumAttentionHeads = 4, IntermediateSize = 1024 };
    private static readonly ElectraConfig s_electra = s_electraSmall with { EmbeddingSize = 768, HiddenSize = 768, NumAttentionHeads = 12, IntermediateSize = 3072 };
    private static readonly ElectraConfig s_electraGenerator = s_electra with { HiddenSize = 256, NumAttentionHeads = 4, IntermediateSize = 1024 };
    private static readonly ElectraConfig s_electraLarge = s_electraSmall with { EmbeddingSize = 1024, HiddenSize = 1024, NumHiddenLayers = 24, NumAttentionHeads = 16, IntermediateSize = 4096 };

    private static readonly ModernBertConfig s_modernBert = new() { VocabSize = 50368, HiddenSize = 768, NumHiddenLayers = 22, NumAttentionHeads = 12, IntermediateSize = 1152 };
    private static readonly ModernBertConfig s_modernBertLarge = s_modernBert with { HiddenSize = 1024, NumHiddenLayers = 28, NumAttentionHeads = 16, IntermediateSize = 2624 };

    private static readonly Dictionary<string, (long Published, Action<Weights<Shape>> Build)> s_models = new()
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
        ["DistilBERT base"] = (66_362_880, w => _ = new DistilBert<Shape>(new() { VocabSize = 30522, Dim = 768, NLayers = 6, NHeads = 12, HiddenDim = 3072 }, w)),
        ["ALBERT base with pooler"] = (11_683_584, w => { _ = new Albert<Shape>(s_albert, w); AlbertHeads.Pooler(s_albert, w); }
        ),
        ["Longformer base"] = (148_068_864, w => _ = new Longformer<Shape>(s_longformer, w)),
        ["Longformer base with its masked-LM head"] = (148_711_257, w => RobertaHeads.MaskedLm(s_longformer.ToRoberta(), w, new Longformer<Shape>(s_longformer, w.Under("longformer")).Words)),
        ["Longformer large"] = (433_551_360, w => _ = new Longformer<Shape>(s_longformer with { HiddenSize = 1024, NumHiddenLayers = 24, NumAttentionHeads = 16, IntermediateSize = 4096 }, w)),
        ["DeBERTa-v3 base"] = (183_831_552, w => _ = new DebertaV2<Shape>(s_debertaV3, w)),
        // 512 positions; the head's dense layer and LayerNorm, and a bias a word
        ["DeBERTa-v3 base with its mask decoder and masked-LM head"] =
            (183_831_552 + 393_216 + (590_592 + 1_536 + 128_100), w => _ = new DebertaMaskedLm<Shape>(s_debertaV3, w)),
        ["ELECTRA small"] = (13_483_008, w => _ = new Electra<Shape>(s_electraSmall, w)),
        ["ELECTRA base"] = (108_891_648, w => _ = new Electra<Shape>(s_electra, w)),
        ["ELECTRA large"] = (334_092_288, w => _ = new Electra<Shape>(s_electraLarge, w)),
        ["ELECTRA base generator"] = (33_511_168, w => _ = new Electra<Shape>(s_electraGenerator, w)),
        ["ELECTRA large generator"] = (50_999_552, w => _ = new Electra<Shape>(s_electraLarge with { HiddenSize = 256, NumAttentionHeads = 4, IntermediateSize = 1024 }, w)),
        ["ModernBERT base"] = (149_014_272, w => _ = new ModernBert<Shape>(s_modernBert, w)),
        ["ModernBERT base with its masked-LM head"] = (149_655_232, w => ModernBertHeads.MaskedLm(s_modernBert, w, new ModernBert<Shape>(s_modernBert, w.Under("model")).Words)),
        ["ModernBERT large"] = (394_781_696, w => _ = new ModernBert<Shape>(s_modernBertLarge, w)),
    };

    /// <summary>In millions, to the tenth that is published.</summary>
    private static readonly Dictionary<string, (double Published, DebertaV2Config Config)> s_debertas = new()
    {
        ["DeBERTa-v3 xsmall"] = (70.7, s_debertaV3 with { HiddenSize = 384, NumAttentionHeads = 6, IntermediateSize = 1536 }),
        ["DeBERTa-v3 small"] = (141.3, s_debertaV3 with { NumHiddenLayers = 6 }),
        ["DeBERTa-v3 large"] = (434.0, s_debertaV3 with { HiddenSize = 1024, NumHiddenLayers = 24, NumAttentionHeads = 16, IntermediateSize = 4096 }),
        ["DeBERTa-v2 xlarge"] = (884.6, s_debertaV2),
        ["DeBERTa-v2 xxlarge"] = (1564.5, s_debertaV2 with { NumHiddenLayers = 48 }),
        ["mDeBERTa-v3 base"] = (278.2, s_debertaV3 with { VocabSize = 251000 }),
    };

    public static TheoryData<string> Models => [.. s_models.Keys];

    public static TheoryData<string> Debertas => [.. s_debertas.Keys];

    [Theory]
    [MemberData(nameof(Models))]
    public void Parameters_AreAsManyAsPublished(string model) => Assert.Equal(s_models[model].Published, Count(s_models[model].Build));

    [Theory]
    [MemberData(nameof(Debertas))]
    public void Parameters_AreAsManyMillionsAsPublished(string model) =>
        Assert.Equal(s_debertas[model].Published, Math.Round(Count(w => _ = new DebertaV2<Shape>(s_debertas[model].Config, w)) / 1e6, 1));

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
        long apart = Count(w => _ = new DebertaMaskedLm<Shape>(s_debertaV3Generator, w))
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
