namespace SocketSync.Tests;

/// <summary>For tests that need all cores to themselves, or count what the whole process allocates.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = nameof(Alone);
}
