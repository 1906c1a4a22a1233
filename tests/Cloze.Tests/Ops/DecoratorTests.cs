using Cloze.Models;
using Cloze.Ops;
namespace Cloze.Tests.Ops;

/// <summary>Decorators change nothing and say what happened, by scope.</summary>
public class DecoratorTests
{
    private static readonly BertConfig s_config = new() { VocabSize = 50, HiddenSize = 8, NumHiddenLayers = 2, NumAttentionHeads = 2, IntermediateSize = 12 };

    private static readonly PaddedTokens s_tokens = new(1, 3, [1, 2, 3]);

    [Fact]
    public void TimedOps_CountsOperationsByScope()
    {
        SteppingClock clock = new();
        TimedOps<Shape> timed = new(new CostOps(), clock);
        Bert<Shape> bert = new(s_config, ShapeFactory.Schema());
        bert.Forward(timed, TokenBatchBuilder.Pack(s_tokens, bert.Positions, GlobalRules.None).Batch);

        Assert.Equal(
            [
                ("embeddings", "Embedding", 3), ("embeddings", "LayerNorm", 1), ("embeddings", "Dropout", 1),
                ("encoder.layer.0", "Linear", 2), ("encoder.layer.0", "Attention", 1), ("encoder.layer.0", "LayerNorm", 2), ("encoder.layer.0", "FeedForward", 1),
                ("encoder.layer.1", "Linear", 2), ("encoder.layer.1", "Attention", 1), ("encoder.layer.1", "LayerNorm", 2), ("encoder.layer.1", "FeedForward", 1),
            ],
            timed.Lines.Select(line => (line.Path, line.Operation, line.Calls)));
        Assert.All(timed.Lines, line => Assert.Equal(line.Calls * SteppingClock.Step, line.Time)); // the clock moves one step between two looks
    }

    [Fact]
    public void TracedOps_ShowsWhatEveryScopeKeeps_UnderItsPath()
    {
        List<string> seen = [];
        TracedOps<Shape> traced = new(new CostOps(), (path, x) => seen.Add($"{path} {x}"));
        using (traced.Scope("model"))
        {
            Bert<Shape> bert = new(s_config, ShapeFactory.Schema());
            TokenBatch batch = TokenBatchBuilder.Pack(s_tokens, bert.Positions, GlobalRules.None).Batch;
            bert.Forward(traced, batch);
            bert.Forward(traced, batch);
        }
        Assert.Equal(
            [
                "model/embeddings [3,8]", "model/encoder.layer.0 [3,8]", "model/encoder.layer.1 [3,8]",
                "model/embeddings#2 [3,8]", "model/encoder.layer.0#2 [3,8]", "model/encoder.layer.1#2 [3,8]",
            ],
            seen);
    }

    /// <summary>Moves one step each time it is looked at.</summary>
    private sealed class SteppingClock : TimeProvider
    {
        private long _ticks;

        public static TimeSpan Step => TimeSpan.FromTicks(1);
        public override long TimestampFrequency => TimeSpan.TicksPerSecond;
        public override long GetTimestamp() => _ticks++;
    }
}
