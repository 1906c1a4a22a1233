using System.Runtime.InteropServices;
using Cloze.Cli.Output;
namespace Cloze.Cli;

/// <summary>Ctrl-C and SIGTERM as a cancellation: the first asks, a second ends the process at once.</summary>
/// <remarks>A command that neither ends nor computes after the first, since it waits for what may never come, is ended after two seconds.</remarks>
internal sealed class Interruption : IDisposable
{
    private const int SignalBase = 128;   // exit code of a shell's child that a signal has ended
    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(2), s_idle = TimeSpan.FromSeconds(0.1);
    private static readonly CancellationTokenSource s_source = new();
    private static readonly ManualResetEventSlim s_ended = new();
    private static int s_signal;
    private readonly PosixSignalRegistration[] _registrations = [Register(PosixSignal.SIGINT, number: 2), Register(PosixSignal.SIGTERM, number: 15)];

    public static CancellationToken Token => s_source.Token;

    public static int ExitCode => SignalBase + s_signal;

    /// <summary>The result of what may block for ever, such as a pipe that nobody writes to.</summary>
    /// <exception cref="OperationCanceledException">The process was interrupted meanwhile; the work is left behind, blocked.</exception>
    public static T Wait<T>(Func<T> work) => Task.Run(work).WaitAsync(Token).GetAwaiter().GetResult();

    public void Dispose()
    {
        s_ended.Set();
        foreach (PosixSignalRegistration registration in _registrations) registration.Dispose();
    }

    private static PosixSignalRegistration Register(PosixSignal signal, int number) => PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = Interlocked.CompareExchange(ref s_signal, number, 0) == 0;
        if (!context.Cancel) return;
        ThreadPool.QueueUserWorkItem(static _ => s_source.Cancel());
        new Thread(EndWhenIdle) { IsBackground = true, Name = "Cloze interruption" }.Start();
    });

    /// <summary>Ends the process unless it computes: then it is on its way to the end of a batch.</summary>
    private static void EndWhenIdle()
    {
        TimeSpan before = Environment.CpuUsage.TotalTime;
        while (!s_ended.Wait(s_grace))
        {
            TimeSpan now = Environment.CpuUsage.TotalTime;
            if (now - before < s_idle)
            {
                Messages.Write("Interrupted.");
                Environment.Exit(ExitCode);
            }
            before = now;
        }
    }
}
