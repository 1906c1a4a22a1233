using System.Runtime.Intrinsics.X86;
namespace Cloze.Tests.Kernels;

/// <summary>A run that is told to do without an instruction set does without it: an environment variable that the runtime ignored would prove nothing.</summary>
public class InstructionSetsTests
{
    [Theory]
    [InlineData("DOTNET_EnableAVX512")]
    [InlineData("DOTNET_EnableAVX2")]
    [InlineData("DOTNET_EnableHWIntrinsic")]
    public void AnInstructionSetThatIsTurnedOff_IsOff(string variable)
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable(variable) == "0", $"needs a run with {variable}=0, as .ci/run makes");
        Assert.False(Avx512F.IsSupported);
        if (variable != "DOTNET_EnableAVX512") Assert.False(Avx2.IsSupported || Fma.IsSupported);
        if (variable == "DOTNET_EnableHWIntrinsic") Assert.False(Sse42.IsSupported);
    }
}
