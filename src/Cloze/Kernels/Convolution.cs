namespace Cloze.Kernels;

/// <summary>Lays the neighbours of each row side by side, so that a convolution along a sequence is a product.</summary>
/// <remarks>
/// y[n][c·width + t] = x[neighbours[n·width + t]][first + c], 0 where the neighbour is −1: the order of a stored kernel [outputs][inputs][width]. Values
/// move, nothing is computed.
/// </remarks>
internal static unsafe class Convolution
{
    /// <param name="neighbours">[N,width] rows of x, or −1.</param>
    /// <param name="first">The first column of x that is taken; y.Columns / width are.</param>
    public static void Unfold(in Matrix x, int* neighbours, int width, int first, in Matrix y)
    {
        int inputs = y.Columns / width;
        for (int n = 0; n < y.Rows; n++)
            for (int tap = 0; tap < width; tap++)
            {
                int row = neighbours[n * width + tap];
                float* to = y[n] + tap, from = row < 0 ? null : x[row] + first;
                for (int c = 0; c < inputs; c++) to[c * width] = from is null ? 0 : from[c];
            }
    }
}
