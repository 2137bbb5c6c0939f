using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;

namespace SocketSync.Benchmarks;

/// <summary>
/// Leaves the thread pool one thread, as what a server does with its I/O by default. With two, the contenders of a bare
/// semaphore seldom meet, and what is measured is how the cores share its memory.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class OneThreadAttribute() : Attribute, IConfigSource
{
    public IConfig Config { get; } = ManualConfig.CreateEmpty().AddJob(
        new Job("OneThread").WithEnvironmentVariable("DOTNET_ThreadPool_ForceMaxWorkerThreads", "1").AsMutator());
}
