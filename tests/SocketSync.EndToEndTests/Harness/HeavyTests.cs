// Most of them start a process and wait for it: with as many at once as there are processors, half of those would idle.
[assembly: Xunit.v3.Parallelization(MaxThreads = 3)]

namespace SocketSync.EndToEndTests;

/// <summary>Tests that load the machine, or measure: one after the other, and nothing beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class HeavyTests
{
    public const string Name = "heavy";
}
