namespace SocketSync.EndToEndTests;

/// <summary>Where the nodes keep who owns what: a real server, which a test stops, ends and empties.</summary>
internal abstract class ClusterStore : IAsyncDisposable
{
    /// <summary>What stands in section Store.</summary>
    public abstract string Setting { get; }

    /// <summary>Lets it stand still: whoever asks waits.</summary>
    public abstract void Stop();

    public abstract void Continue();

    /// <summary>Ends it as a crash does; whoever asks is refused.</summary>
    public abstract Task KillAsync();

    /// <summary>Starts it again with the data that it had.</summary>
    public abstract Task RestartAsync();

    /// <summary>Loses all that the nodes have kept there.</summary>
    public abstract Task EmptyAsync();

    public abstract ValueTask DisposeAsync();
}
