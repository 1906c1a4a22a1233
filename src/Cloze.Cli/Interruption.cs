using System.Runtime.InteropServices;
namespace Cloze.Cli;

/// <summary>Ctrl-C and SIGTERM as a cancellation: the first asks, a second ends the process at once.</summary>
internal sealed class Interruption : IDisposable
{
    private const int SignalBase = 128;   // exit code of a shell's child that a signal has ended
    private static readonly CancellationTokenSource s_source = new();
    private static int s_signal;
    private readonly PosixSignalRegistration[] _registrations = [Register(PosixSignal.SIGINT, number: 2), Register(PosixSignal.SIGTERM, number: 15)];

    public static CancellationToken Token => s_source.Token;

    public static int ExitCode => SignalBase + s_signal;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations) registration.Dispose();
    }

    private static PosixSignalRegistration Register(PosixSignal signal, int number) => PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = Interlocked.CompareExchange(ref s_signal, number, 0) == 0;
        if (context.Cancel) ThreadPool.QueueUserWorkItem(static _ => s_source.Cancel());
    });
}
