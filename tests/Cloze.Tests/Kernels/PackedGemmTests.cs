using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Cloze.Kernels;
using Cloze.Kernels.Simd;
namespace Cloze.Tests.Kernels;

/// <summary>A product's bits are those of one chain of fused multiply-adds over k, ascending, then the bias: nothing else may show.</summary>
public unsafe class PackedGemmTests
{
    private const int MostRows = 40;

    // Outputs and inputs: whole panels and parts of one, whole vectors and parts of one, one input, more than two panels at 512 bits.
    private static readonly (int Outputs, int Inputs)[] s_shapes = [(16, 64), (32, 37), (50, 66), (7, 3), (33, 1), (1, 130), (97, 20)];

    public static TheoryData<int, bool> Paths => new()
    {
        { 1, false }, { 4, false }, { 8, false }, { 16, false }, { 8, true }, { 16, true },   // lanes, whether tiles of 12 rows are used
    };

    [Theory]
    [MemberData(nameof(Paths))]
    public void EveryPath_GivesTheSameBits_For1To40RowsAtEveryRowOffset(int lanes, bool tall)
    {
        GemmPaths call = new() { Tall = tall };
        SimdWidths.Run((SimdWidth)lanes, ref call);
        Assert.True(call.Compared > 500_000);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void AnEpilogue_GivesTheBitsOfItsStepsOneByOne(int lanes, bool tall)
    {
        Epilogues call = new() { Tall = tall };
        SimdWidths.Run((SimdWidth)lanes, ref call);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void NaNAndInfinity_StayInTheirRow(int lanes, bool tall)
    {
        Propagation call = new() { Tall = tall };
        SimdWidths.Run((SimdWidth)lanes, ref call);
    }

    [Fact]
    public void LongChains_AreWithinTheBoundThatIsPromised()
    {
        const int Rows = 13, Outputs = 40, Inputs = 1537;
        IKernels kernels = VectorKernels.Chosen;
        using Product product = new(Rows, Outputs, Inputs, kernels.PanelColumns, kernels.Pack);
        kernels.Multiply(product.Call, 0, Rows, 0, product.Panels);
        for (int n = 0; n < Rows; n++)
            for (int m = 0; m < Outputs; m++)
            {
                double exact = product.BiasValues[m], size = Math.Abs(exact);
                for (int k = 0; k < Inputs; k++)
                {
                    double term = (double)product.X(n, k) * product.W(m, k);
                    exact += term;
                    size += Math.Abs(term);
                }
                Assert.True(Math.Abs(product.Call.Y[n][m] - exact) <= 3e-7 * size);
            }
    }

    private delegate void Packing(in Matrix w, float* panel);

    /// <summary>Operands with gaps between rows, at the end of their pages.</summary>
    private sealed class Product : IDisposable
    {
        private readonly Buffer _x, _w, _bias, _y, _panels;
        private readonly int _rows, _outputs, _inputs;

        public Product(int rows, int outputs, int inputs, int panelColumns, Packing pack)
        {
            (_rows, _outputs, _inputs) = (rows, outputs, inputs);
            Panels = (outputs + panelColumns - 1) / panelColumns;
            _x = new(Numbers.Even(outputs + inputs, (rows - 1) * (inputs + 5) + inputs));
            _w = new(Numbers.Even(outputs * inputs, outputs * inputs, 0.2f));
            _bias = new(Numbers.Even(outputs, outputs));
            _y = new((rows - 1) * (outputs + 3) + outputs);
            _panels = new(Panels * panelColumns * inputs);
            Matrix w = new(_w.Data, outputs, inputs, inputs);
            for (int panel = 0; panel < Panels; panel++)
                pack(w.Slice(panel * panelColumns, Math.Min(panelColumns, outputs - panel * panelColumns)), _panels.Data + panel * panelColumns * inputs);
            Call = new()
            {
                X = new(_x.Data, rows, inputs, inputs + 5),
                Weight = new(_panels.Data, outputs, inputs),
                Bias = _bias.Data,
                Y = new(_y.Data, rows, outputs, outputs + 3),
            };
        }

        public GemmCall Call;
        public int Panels { get; }
        public Span<float> BiasValues => _bias.Span;
        public Span<float> Y => _y.Span;

        public float X(int n, int k) => Call.X[n][k];
        public float W(int m, int k) => _w.Data[m * _inputs + k];

        /// <summary>The chain, written out.</summary>
        public float[] Chains()
        {
            float[] chains = new float[_rows * _outputs];
            for (int n = 0; n < _rows; n++)
                for (int m = 0; m < _outputs; m++)
                {
                    float sum = 0;
                    for (int k = 0; k < _inputs; k++) sum = MathF.FusedMultiplyAdd(X(n, k), W(m, k), sum);
                    chains[n * _outputs + m] = sum + _bias.Data[m];
                }
            return chains;
        }

        /// <summary>Whether some rows of y and no other floats of it were written, with these values.</summary>
        public void MustHold(float[] chains, int from, int to)
        {
            for (int n = 0, i = 0; n < _rows; n++)
                for (int m = 0; m < _outputs + (n == _rows - 1 ? 0 : 3); m++, i++)
                {
                    float found = _y.Data[i], expected = m < _outputs && n >= from && n < to ? chains[n * _outputs + m] : float.NaN;
                    if (float.IsNaN(expected) ? !float.IsNaN(found) : BitConverter.SingleToInt32Bits(expected) != BitConverter.SingleToInt32Bits(found))
                        Assert.Fail($"[{n},{m}] of {_outputs}x{_inputs}, rows {from} to {to}: {found:R}, not {expected:R}.");
                }
        }

        public void Dispose()
        {
            foreach (Buffer buffer in (Buffer[])[_x, _w, _bias, _y, _panels]) buffer.Dispose();
        }
    }

    private struct GemmPaths : ISimdCall
    {
        public bool Tall;
        public long Compared;

        public void Invoke<S, V>() where S : struct, ISimd<V> where V : struct
        {
            bool isSlow = !Fma.IsSupported && S.Count > 1 || !Vector128.IsHardwareAccelerated;   // multiply-adds in software
            foreach ((int outputs, int inputs) in s_shapes)
            {
                using Product product = new(MostRows, outputs, inputs, PackedGemm<S, V>.PanelColumns, PanelPacking<S, V>.Run);
                float[] chains = product.Chains();
                for (int rows = 1; rows <= MostRows; rows++)
                    for (int from = 0; from + rows <= MostRows; from += isSlow && outputs * inputs > 500 ? 11 : 1)
                    {
                        product.Y.Fill(float.NaN);
                        Split<S, V>(product, from, from + rows, (rows + from) % 3);
                        product.MustHold(chains, from, from + rows);
                        Compared += product.Y.Length;
                    }
            }
        }

        /// <summary>Whole, cut between panels, or cut between rows and panels.</summary>
        private readonly void Split<S, V>(Product product, int from, int to, int kind) where S : struct, ISimd<V> where V : struct
        {
            int panel = kind == 0 ? product.Panels : product.Panels / 2, row = kind == 2 ? (from + to) / 2 : to;
            PackedGemm<S, V>.Run(product.Call, from, row, 0, panel, Tall);
            PackedGemm<S, V>.Run(product.Call, row, to, 0, panel, Tall);
            PackedGemm<S, V>.Run(product.Call, from, to, panel, product.Panels, Tall);
        }
    }

    private struct Epilogues : ISimdCall
    {
        public bool Tall;

        public readonly void Invoke<S, V>() where S : struct, ISimd<V> where V : struct
        {
            foreach ((int outputs, int inputs) in ((int, int)[])[(32, 20), (37, 20)])
                foreach (int rows in (int[])[1, 3, 14])
                    foreach (ActivationKind activation in Enum.GetValues<ActivationKind>())
                        foreach (Combination combination in Enum.GetValues<Combination>())
                        {
                            using Product product = new(rows, outputs, inputs, PackedGemm<S, V>.PanelColumns, PanelPacking<S, V>.Run);
                            using Buffer other = new(Numbers.Even(9, rows * outputs));
                            (product.Call.Activation, product.Call.Combination) = (activation, combination);
                            product.Call.Other = new(other.Data, rows, outputs, outputs);
                            float[] expected = product.Chains();
                            fixed (float* p = expected) Activations<SimdScalar, float>.Apply(activation, p, outputs, p, outputs, rows, outputs);
                            for (int i = 0; i < expected.Length; i++)
                                expected[i] = combination switch
                                {
                                    Combination.Add => other.Data[i] + expected[i],
                                    Combination.Multiply => other.Data[i] * expected[i],
                                    _ => expected[i],
                                };
                            PackedGemm<S, V>.Run(product.Call, 0, rows, 0, product.Panels, Tall);
                            product.MustHold(expected, 0, rows);
                        }
        }
    }

    private struct Propagation : ISimdCall
    {
        public bool Tall;

        public readonly void Invoke<S, V>() where S : struct, ISimd<V> where V : struct
        {
            using Product product = new(15, 21, 9, PackedGemm<S, V>.PanelColumns, PanelPacking<S, V>.Run);
            float[] chains = product.Chains();
            product.Call.X[4][2] = float.NaN;
            product.Call.X[13][8] = float.PositiveInfinity;
            PackedGemm<S, V>.Run(product.Call, 0, 15, 0, product.Panels, Tall);
            for (int m = 0; m < 21; m++)
            {
                Assert.True(float.IsNaN(product.Call.Y[4][m]));
                Assert.True(float.IsInfinity(product.Call.Y[13][m]));
                for (int n = 0; n < 15; n++) if (n is not (4 or 13)) Assert.Equal(chains[n * 21 + m], product.Call.Y[n][m]);
            }
        }
    }
}
