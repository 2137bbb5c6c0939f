namespace SocketSync;

/// <summary>
/// A processor whose resource may need time to itself after a request that went wrong: the client is told at once, but the
/// next turn, and its time, begin only when <see cref="RecoverAsync"/> has completed.
/// </summary>
internal interface IResourceRecovery
{
    bool NeedsRecovery { get; }

    ValueTask RecoverAsync();
}
