namespace SocketSync.Tests;

// The pool is the whole process's.
[Collection(Alone.Name)]
public class ThreadPoolSizingTests
{
    [Fact]
    public void ThePoolHasAThreadMoreForEachProcessorThatMayBlock()
    {
        const int MayBlock = 7;
        ThreadPool.GetMinThreads(out var workers, out var completions);
        try
        {
            ThreadPool.SetMinThreads(Environment.ProcessorCount, completions);
            ThreadPoolSizing.Prepare(MayBlock);
            AssertWorkers(Environment.ProcessorCount + MayBlock);

            ThreadPoolSizing.Prepare(1);
            AssertWorkers(Environment.ProcessorCount + MayBlock); // what a host has set itself is never lowered
        }
        finally
        {
            ThreadPool.SetMinThreads(workers, completions);
        }
    }

    private static void AssertWorkers(int expected)
    {
        ThreadPool.GetMinThreads(out var workers, out _);
        Assert.Equal(expected, workers);
    }
}
