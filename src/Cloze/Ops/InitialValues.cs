namespace Cloze.Ops;

/// <summary>From what a random start draws a tensor: exactly one of the nested records.</summary>
public abstract record InitialValues
{
    private InitialValues() { }

    /// <summary>The same everywhere.</summary>
    public sealed record Constant(float Value) : InitialValues;

    /// <summary>N(0, σ²), drawn again beyond <paramref name="Cutoff"/> deviations.</summary>
    /// <param name="Deviation">σ.</param>
    /// <param name="Cutoff">In deviations; infinite: nothing is drawn again.</param>
    /// <param name="ZeroesPadding">Whether a table's padding row is zeros.</param>
    public sealed record Normal(double Deviation, double Cutoff = double.PositiveInfinity, bool ZeroesPadding = true) : InitialValues;

    /// <summary>Evenly between −bound and bound.</summary>
    public sealed record Uniform(double Bound) : InitialValues;

    /// <summary>Row p: sin(p / 10000^(2i/columns)) in column 2i, the cosine beside it (Vaswani et al. 2017, §3.5, as DistilBERT lays it out).</summary>
    public sealed record Sinusoids : InitialValues;

    /// <summary>What most of the reference's models do: matrices and tables N(0, σ²), biases 0, scales 1; kernels as torch.nn.Conv1d starts them.</summary>
    public static InitialValues Of(TensorRequest request, double deviation) => request.Role switch
    {
        WeightRole.Bias => new Constant(0),
        WeightRole.Scale => new Constant(1),
        WeightRole.Kernel => new Uniform(1 / Math.Sqrt(request.Dimensions[1] * request.Dimensions[2])),
        _ => new Normal(deviation),
    };
}

/// <summary>Makes every tensor that is asked for from random numbers.</summary>
/// <param name="rule">What each is drawn from, by the rules of an architecture.</param>
/// <remarks>Draws depend on the seed and the tensor's name, not on the order of asking. Safe to share between threads.</remarks>
public sealed class RandomStart(int seed, Func<TensorRequest, InitialValues> rule) : ITensorSource
{
    /// <summary>By <see cref="InitialValues.Of"/>.</summary>
    public RandomStart(int seed, double deviation = 0.02) : this(seed, request => InitialValues.Of(request, deviation)) { }

    public StoredTensor Find(TensorRequest request) => new(request.Name, request.Dimensions, () => Draw(request));

    private float[] Draw(TensorRequest request)
    {
        float[] values = new float[request.Dimensions.Aggregate(1L, (product, size) => checked(product * size))];
        RandomNumbers random = new(seed, request.Name);
        switch (rule(request))
        {
            case InitialValues.Constant(float value):
                Array.Fill(values, value);
                break;
            case InitialValues.Normal(double deviation, double cutoff, bool zeroesPadding):
                for (int i = 0; i < values.Length; i++) values[i] = (float)(deviation * random.Normal(cutoff));
                if (zeroesPadding && request.Padding is int row) values.AsSpan(row * (int)request.Dimensions[1], (int)request.Dimensions[1]).Clear();
                break;
            case InitialValues.Uniform(double bound):
                for (int i = 0; i < values.Length; i++) values[i] = (float)(bound * (2 * random.Unit() - 1));
                break;
            case InitialValues.Sinusoids:
                Sinusoids(values, (int)request.Dimensions[1]);
                break;
        }
        return values;
    }

    private static void Sinusoids(float[] values, int columns)
    {
        for (int i = 0; i < values.Length; i++)
        {
            (int position, int column) = Math.DivRem(i, columns);
            double angle = position / Math.Pow(10000, 2 * (column / 2) / (double)columns);
            values[i] = (float)(column % 2 == 0 ? Math.Sin(angle) : Math.Cos(angle));
        }
    }

    /// <summary>SplitMix64 (Steele, Lea and Flood 2014), started from the seed and the FNV-1a hash of the name.</summary>
    private struct RandomNumbers
    {
        private ulong _state;

        public RandomNumbers(int seed, string name)
        {
            ulong hash = 14695981039346656037;
            foreach (char letter in name) hash = unchecked((hash ^ letter) * 1099511628211);
            _state = hash ^ ((ulong)(uint)seed << 32 | (uint)seed);
        }

        /// <summary>0 … 1, without 1.</summary>
        public double Unit()
        {
            ulong z = unchecked(_state += 0x9E3779B97F4A7C15);
            z = unchecked((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9);
            z = unchecked((z ^ (z >> 27)) * 0x94D049BB133111EB);
            return ((z ^ (z >> 31)) >> 11) * (1.0 / (1UL << 53));
        }

        /// <summary>Box and Muller 1958.</summary>
        public double Normal(double cutoff)
        {
            while (true)
            {
                double x = Math.Sqrt(-2 * Math.Log(1 - Unit())) * Math.Cos(2 * Math.PI * Unit());
                if (Math.Abs(x) <= cutoff) return x;
            }
        }
    }
}
