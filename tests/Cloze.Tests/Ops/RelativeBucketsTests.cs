using Cloze.Ops;
namespace Cloze.Tests.Ops;

/// <summary>Rows of DeBERTa's relative table against the reference's formula, computed by another program with every step rounded to float32.</summary>
/// <remarks>transformers modeling_deberta_v2.py, make_log_bucket_position; microsoft/DeBERTa da_utils.py.</remarks>
public class RelativeBucketsTests
{
    private static readonly int[] s_distances = [-3000, -300, -70, -33, -20, -17, -9, -8, -5, -1, 0, 1, 5, 8, 9, 17, 20, 33, 70, 300, 3000];

    [Theory]
    [InlineData(256, 512, new[] { 0, 49, 186, 223, 236, 239, 247, 248, 251, 255, 256, 257, 261, 264, 265, 273, 276, 289, 326, 463, 511 })]
    [InlineData(32, 64, new[] { 0, 0, 0, 8, 13, 15, 23, 24, 27, 31, 32, 33, 37, 40, 41, 49, 51, 56, 63, 63, 63 })]
    [InlineData(3, 40, new[] { 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4 })]
    [InlineData(16, 1, new[] { 8, 8, 8, 8, 8, 8, 8, 8, 11, 15, 16, 17, 21, 24, 24, 24, 24, 24, 24, 24, 24 })]
    public void Logarithmic(int buckets, int maxDistance, int[] rows) => Expect(new(buckets, buckets, maxDistance), rows);

    [Theory]
    [InlineData(16, 6, new[] { 31, 31, 31, 29, 21, 19, 9, 8, 11, 15, 16, 17, 21, 24, 23, 13, 11, 3, 0, 0, 0 })]
    [InlineData(6, 3, new[] { 11, 11, 11, 11, 11, 11, 8, 7, 5, 5, 6, 7, 7, 5, 4, 1, 0, 0, 0, 0, 0 })]
    [InlineData(64, 32, new[] { 127, 127, 127, 62, 44, 47, 55, 56, 59, 63, 64, 65, 69, 72, 73, 81, 84, 66, 0, 0, 0 })]
    public void ALogarithmThatEndsBeforeItBegins_Descends(int buckets, int maxDistance, int[] rows) => Expect(new(buckets, buckets, maxDistance), rows);

    [Theory]
    [InlineData(16, 9, new[] { 0, 0, 0, 0, 0, 0, 0, 8, 11, 15, 16, 17, 21, 24, 0, 0, 0, 0, 0, 0, 0 })]
    [InlineData(64, 33, new[] { 0, 0, 0, 0, 44, 47, 55, 56, 59, 63, 64, 65, 69, 72, 73, 81, 84, 0, 0, 0, 0 })]
    [InlineData(2, 2, new[] { 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0 })]
    public void ALogarithmThatEndsWhereItBegins_GivesTheFirstRow(int buckets, int maxDistance, int[] rows) => Expect(new(buckets, buckets, maxDistance), rows);

    [Theory]
    [InlineData(16, 6, new[] { 11, 11, 11, 11, 11, 11, 11, 11, 11, 15, 16, 17, 21, 21, 21, 21, 21, 21, 21, 21, 21 })]
    [InlineData(32, 12, new[] { 21, 21, 21, 21, 21, 21, 23, 24, 27, 31, 32, 33, 37, 40, 41, 43, 43, 43, 43, 43, 43 })]
    public void TheAuthorsCode_StopsAtTheLastDistance(int buckets, int maxDistance, int[] rows) =>
        Expect(new(buckets, buckets, maxDistance, StopsAtMaxDistance: true), rows);

    private static void Expect(RelativeBuckets buckets, int[] rows) => Assert.Equal(rows, s_distances.Select(buckets.Row));
}
