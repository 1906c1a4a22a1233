namespace Cloze.Kernels;

/// <summary>Work in numbered parts that may run in any order and at the same time. Nothing that it computes may depend on which thread runs a part.</summary>
internal interface IWork
{
    /// <param name="part">0 … count−1, each once.</param>
    /// <param name="thread">
    /// 0 … <see cref="IParallel.Threads"/>−1; no two parts run at once under the same number, so a thread's scratch memory may be found by it.
    /// </param>
    void Run(int part, int thread);
}

/// <summary>Who runs the parts: a set of threads, or the caller alone.</summary>
internal interface IParallel
{
    /// <summary>The most parts that run at once; 1: the caller alone.</summary>
    int Threads { get; }

    /// <summary>Runs all parts and returns when the last has ended. Allocates nothing.</summary>
    void For(int count, IWork work);
}
