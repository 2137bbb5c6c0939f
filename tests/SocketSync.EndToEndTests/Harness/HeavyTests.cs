namespace SocketSync.EndToEndTests;

/// <summary>Tests that load the machine, or measure: one after the other, and nothing beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class HeavyTests
{
    public const string Name = "heavy";
}
