using System.Runtime.Intrinsics.X86;
namespace Cloze.Kernels;

/// <summary>What the processor says about its caches; tile sizes follow, no result does.</summary>
internal static class CacheSizes
{
    /// <summary>Bytes of a core's level-2 cache; 512 KB where the processor does not say.</summary>
    public static long Level2 { get; } = ReadLevel2() ?? 512 * 1024;

    // "Deterministic cache parameters": leaf 4 of Intel's manual, 0x8000001D of AMD's, a subleaf a cache, of the same form.
    private static long? ReadLevel2()
    {
        if (!X86Base.IsSupported) return null;
        foreach (int leaf in (int[])[4, unchecked((int)0x8000001D)])
        {
            if (unchecked((uint)X86Base.CpuId(leaf & unchecked((int)0x80000000), 0).Eax < (uint)leaf)) continue;
            for (int index = 0; index < 8; index++)
            {
                (int eax, int ebx, int ecx, _) = X86Base.CpuId(leaf, index);
                int type = eax & 31, level = eax >> 5 & 7;
                if (type == 0) break;
                if (level == 2) return (long)((ebx >>> 22) + 1) * ((ebx >> 12 & 1023) + 1) * ((ebx & 4095) + 1) * (ecx + 1L); // ways, partitions, line, sets
            }
        }
        return null;
    }
}
