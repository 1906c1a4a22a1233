using System.Text;
using Cloze.Checkpoints;
using Cloze.Models;
using Cloze.Ops;
namespace Cloze.Tests.Models;

/// <summary>Options beyond those of the recorded cases: the product's kernels against the naive reference.</summary>
public class FamilyVariationTests
{
    private const string Longformer = """
        "model_type":"longformer","vocab_size":60,"num_hidden_layers":2,"intermediate_size":20,"max_position_embeddings":90,"type_vocab_size":1,"layer_norm_eps":1e-5,
        """;
    private const string ModernBert = """
        "model_type":"modernbert","vocab_size":60,"num_hidden_layers":3,"intermediate_size":20,"pad_token_id":1,
        """;
    private const string FlexBert = """
        "bert_layer":"prenorm","attention_layer":"rope","embedding_layer":"sans_pos","normalization":"layernorm","vocab_size":60,"num_hidden_layers":3,
        "intermediate_size":20,"hidden_size":24,"num_attention_heads":3,"head_pred_act":"gelu",
        """;
    private const string Deberta = """
        "model_type":"TYPE","vocab_size":60,"hidden_size":24,"num_hidden_layers":2,"num_attention_heads":3,"intermediate_size":20,"max_position_embeddings":90,
        "relative_attention":true,
        """;
    private const string MosaicBert = """
        "model_type":"bert","vocab_size":60,"num_hidden_layers":2,"intermediate_size":20,
        """;

    [Theory]
    [InlineData(""" "hidden_size":24,"num_attention_heads":2,"attention_window":2 """)]                  // narrower than the reference computes
    [InlineData(""" "hidden_size":24,"num_attention_heads":2,"attention_window":[6,4] """)]              // no multiple of each other
    [InlineData(""" "hidden_size":10,"num_attention_heads":2,"attention_window":[2,30] """)]             // heads of 5
    [InlineData(""" "hidden_size":51,"num_attention_heads":3,"attention_window":512 """)]                // heads of 17, a window beyond the sequence
    [InlineData(""" "hidden_size":24,"num_attention_heads":1,"attention_window":[1,2],"attention_mode":"sliding_chunks" """)]
    public void Longformer_WithAnyWindowHeadAndGlobals(string options)
    {
        foreach (PaddedTokens tokens in Batches())
        {
            Expect("{" + Longformer + options + "}", tokens);
            int[] all = [.. tokens.Ids.Select(_ => 1)], last = new int[all.Length], scattered = [.. all.Select((_, place) => place % 5 == 2 ? 1 : 0)];
            for (int sequence = 0; sequence < tokens.Sequences; sequence++) last[(sequence + 1) * tokens.Length - 1] = 1;   // on a pad in some sequences
            foreach (int[] global in (int[][])[all, last, scattered]) Expect("{" + Longformer + options + "}", tokens with { Global = global });
        }
    }

    [Theory]
    [InlineData(""" "hidden_size":12,"num_attention_heads":2,"local_attention":0 """)]                   // heads of 6; a token sees itself
    [InlineData(""" "hidden_size":20,"num_attention_heads":2,"local_attention":1 """)]
    [InlineData(""" "hidden_size":36,"num_attention_heads":2,"local_attention":7,"local_rope_theta":null """)]
    [InlineData(""" "hidden_size":34,"num_attention_heads":1,"local_attention":128,"global_attn_every_n_layers":1 """)]
    [InlineData(""" "hidden_size":24,"num_attention_heads":3,"local_attention":6,"global_attn_every_n_layers":2,"norm_bias":true,"attention_bias":true """)]
    [InlineData(""" "hidden_size":24,"num_attention_heads":3,"local_attention":6,"layer_types":["sliding_attention","full_attention","sliding_attention"] """)]
    [InlineData(""" "hidden_size":24,"num_attention_heads":3,"rope_parameters":{"full_attention":{"rope_theta":500},"sliding_attention":{"rope_type":"default"}} """)]
    [InlineData(""" "hidden_size":24,"num_attention_heads":3,"mlp_bias":true,"hidden_activation":"silu","local_attention":4 """)]
    public void ModernBert_WithAnyWindowHeadAndPositions(string options)
    {
        foreach (PaddedTokens tokens in Batches())
        {
            Expect("{" + ModernBert + options + "}", tokens);
            Expect("{" + ModernBert + options + "}", tokens with { Positions = [.. tokens.Ids.Select((_, place) => (place * 7 + 3) % 50)] });
        }
    }

    [Theory]
    [InlineData(""" "mlp_layer":"mlp","sliding_window":6 """)]
    [InlineData(""" "mlp_layer":"glu","sliding_window":6,"global_attn_every_n_layers":2,"final_norm":true,"skip_first_prenorm":true """)]
    [InlineData(""" "mlp_layer":"glu","embed_norm":false,"attn_out_bias":true,"mlp_in_bias":true,"norm_kwargs":{"bias":false} """)]
    [InlineData(""" "mlp_layer":"glu","padding":"padded","sliding_window":3,"local_attn_rotary_emb_base":50 """)]
    public void FlexBert_WithAnyOptions(string options)
    {
        foreach (PaddedTokens tokens in Batches()) Expect("{" + FlexBert + options + "}", tokens, "encoder.layers.0.attn.Wqkv.weight");
    }

    [Theory]
    [InlineData(""" "pos_att_type":"c2p|p2c","position_buckets":16,"max_relative_positions":6,"share_att_key":true,"norm_rel_ebd":"layer_norm" """)]   // rows descend
    [InlineData(""" "pos_att_type":["p2c"],"position_buckets":16,"max_relative_positions":9 """)]                                                 // and end
    [InlineData(""" "pos_att_type":["c2p"],"position_buckets":7,"max_relative_positions":20,"conv_kernel_size":5,"conv_groups":3,"conv_act":"gelu" """)]
    [InlineData(""" "pos_att_type":"none","position_buckets":2,"position_biased_input":true,"type_vocab_size":3 """)]
    [InlineData(""" "pos_att_type":"p2p|c2p","max_relative_positions":5,"embedding_size":10 """)]                                                 // linear
    public void DebertaV2_WithAnyDistances(string options)
    {
        foreach (PaddedTokens tokens in Batches())
            Expect("{" + Deberta.Replace("TYPE", "deberta-v2", StringComparison.Ordinal) + """ "architectures":["DebertaV2Model"], """ + options + "}", tokens);
    }

    [Theory]
    [InlineData(""" "pos_att_type":["p2c","p2p"],"max_relative_positions":7,"talking_head":true """)]
    [InlineData(""" "pos_att_type":"c2p","position_buckets":16,"share_att_key":true,"norm_rel_ebd":"layer_norm","conv_kernel_size":3 """)]        // not read
    [InlineData(""" "pos_att_type":null,"embedding_size":40,"type_vocab_size":2,"position_biased_input":true """)]
    public void Deberta_WithAnyDistances(string options)
    {
        foreach (PaddedTokens tokens in Batches())
            Expect("{" + Deberta.Replace("TYPE", "deberta", StringComparison.Ordinal) + """ "architectures":["DebertaModel"], """ + options + "}", tokens);
    }

    [Theory]
    [InlineData(""" "model_type":"bert","hidden_size":21,"num_attention_heads":3,"intermediate_size":20,"hidden_act":"gelu_accurate","type_vocab_size":1 """)]
    [InlineData(""" "model_type":"bert","hidden_size":24,"num_attention_heads":8,"intermediate_size":7,"hidden_act":"sigmoid","position_embedding_type":"relative_key" """)]
    [InlineData(""" "model_type":"roberta","hidden_size":24,"num_attention_heads":2,"intermediate_size":20,"pad_token_id":0,"hidden_act":"mish" """)]
    [InlineData(""" "model_type":"roberta","hidden_size":24,"num_attention_heads":2,"intermediate_size":20,"pad_token_id":9,"layer_norm_eps":0.1 """)]
    [InlineData(""" "model_type":"albert","hidden_size":24,"num_attention_heads":3,"intermediate_size":20,"embedding_size":7,"num_hidden_groups":2,"inner_group_num":3 """)]
    [InlineData(""" "model_type":"albert","hidden_size":24,"num_attention_heads":3,"intermediate_size":20,"num_hidden_groups":3,"position_embedding_type":"relative_key" """)]
    [InlineData(""" "model_type":"electra","hidden_size":12,"num_attention_heads":2,"intermediate_size":20,"embedding_size":20,"position_embedding_type":"relative_key_query" """)]
    [InlineData(""" "model_type":"electra","hidden_size":24,"num_attention_heads":2,"intermediate_size":20,"embedding_size":24,"hidden_act":"linear" """)]
    [InlineData(""" "model_type":"distilbert","dim":20,"n_heads":4,"n_layers":3,"hidden_dim":9,"activation":"quick_gelu" """)]
    public void BertAndItsRelatives_WithAnyOptions(string options)
    {
        foreach (PaddedTokens tokens in Batches()) Expect("""{"vocab_size":60,"num_hidden_layers":3,"max_position_embeddings":90,""" + options + "}", tokens);
    }

    [Theory]
    [InlineData(10, 1)]
    [InlineData(15, 3)]
    [InlineData(35, 5)]
    [InlineData(24, 12)]
    public void MosaicBert_WithAnyNumberOfHeads(int width, int heads)
    {
        foreach (PaddedTokens tokens in Batches())
            Expect("{" + MosaicBert + $"\"hidden_size\":{width},\"num_attention_heads\":{heads}" + "}", tokens, "encoder.layer.0.attention.self.Wqkv.weight");
    }

    [Fact]
    public void ModernBert_TurnsByDifferencesOfPositions_AndSeesByColumns()
    {
        string config = "{" + ModernBert + """ "hidden_size":24,"num_attention_heads":2,"local_attention":4 """ + "}";
        PaddedTokens tokens = new(1, 20, Ids(20));
        using CpuReading reading = new();
        float[] plain = Run(reading, config, tokens), shifted = Run(reading, config, tokens with { Positions = [.. Enumerable.Range(9, 20)] }),
            spread = Run(reading, config, tokens with { Positions = [.. Enumerable.Range(0, 20).Select(column => 3 * column)] });
        ExpectClose(plain, shifted);
        Assert.True(Difference(plain, spread) > 1e-3);
    }

    [Fact]
    public void FlexBert_SeesNoHoles_UnlessItIsPadded()
    {
        string config = "{" + FlexBert + """ "mlp_layer":"glu","sliding_window":4,"padding":"PADDING" """ + "}";
        int[] ids = Ids(8), holed = [.. ids[..3], 0, 0, .. ids[3..]], mask = [1, 1, 1, 0, 0, 1, 1, 1, 1, 1];
        using CpuReading reading = new();
        foreach ((string padding, bool isSame) in (IEnumerable<(string, bool)>)[("unpadded", true), ("padded", false)])
        {
            string settings = config.Replace("PADDING", padding, StringComparison.Ordinal);
            float[] without = Run(reading, settings, new(1, 8, ids), "encoder.layers.0.attn.Wqkv.weight"),
                with = Run(reading, settings, new(1, 10, holed) { Mask = mask }, "encoder.layers.0.attn.Wqkv.weight");
            Assert.Equal(isSame, without.AsSpan().SequenceEqual(with));
        }
    }

    [Fact]
    public void Longformer_PaddedToNoMultiple_GivesWhatAWholeWindowGives_WhereAllAreSeen()
    {
        string config = "{" + Longformer + """ "hidden_size":24,"num_attention_heads":2,"attention_window":WINDOW """ + "}";
        PaddedTokens tokens = new(1, 13, Ids(13));
        using CpuReading reading = new();
        float[] narrow = Run(reading, config.Replace("WINDOW", "24", StringComparison.Ordinal), tokens), wide = Run(reading, config.Replace("WINDOW", "512", StringComparison.Ordinal), tokens);
        Assert.Equal(wide, narrow);
    }

    /// <summary>One token; some; many with left padding, holes, and a sequence of one token.</summary>
    private static IEnumerable<PaddedTokens> Batches()
    {
        yield return new(1, 1, Ids(1));
        yield return new(2, 9, Ids(18)) { Mask = [1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1] };
        int[] mask = [.. Enumerable.Range(0, 3 * 67).Select(place => place < 67 ? 1 : place < 134 ? (place % 7 == 3 ? 0 : 1) : place == 160 ? 1 : 0)];
        yield return new(3, 67, Ids(3 * 67)) { Mask = mask };
    }

    private static int[] Ids(int count) => [.. Enumerable.Range(0, count).Select(i => 2 + i * 31 % 57)];

    private static void Expect(string config, PaddedTokens tokens, string? recognisedBy = null)
    {
        using CpuReading reading = new();
        ExpectClose(Run(new ReferenceReading(), config, tokens, recognisedBy), Run(reading, config, tokens, recognisedBy));
    }

    private static float[] Run<T>(IReading<T> reading, string config, PaddedTokens tokens, string? recognisedBy = null) where T : class
    {
        ConfigFields fields = ConfigFields.Parse(Encoding.UTF8.GetBytes(config), "config.json");
        IArchitecture architecture = ModelRegistry.Find(fields, recognisedBy is null ? null : [recognisedBy]);
        object settings = architecture.Configure(fields, file: null);
        Weights<T> weights = new(new RandomStart(seed: 5, request => request.Role is WeightRole.Bias or WeightRole.Scale
            ? new InitialValues.Uniform(0.7)
            : new InitialValues.Normal(0.3, ZeroesPadding: false)), reading.Factory);
        EncoderModel<T> model = architecture.Build(settings, ModelTask.Base, labels: 2, weights);
        ILosses<T> ops = reading.Open();
        float[] values = reading.Values(model.Encoder.Forward(ops, model.Pack(tokens).Batch));
        reading.Close(ops);
        return values;
    }

    private static void ExpectClose(float[] want, float[] got) => Assert.True(Difference(want, got) <= 1e-5 * want.Max(Math.Abs), $"{Difference(want, got):e2} off");

    private static double Difference(float[] want, float[] got)
    {
        Assert.Equal(want.Length, got.Length);
        return want.Zip(got, (a, b) => Math.Abs((double)a - b)).Max();
    }
}
