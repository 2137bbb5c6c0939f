using System.Security.Cryptography;

namespace SocketSync;

/// <summary>
/// Where the nodes keep who owns what. Every call ends within <see cref="LeaseTimes.StoreTimeout"/>, and fails with
/// <see cref="ClusterStoreException"/> while the store cannot be asked; it reconnects by itself.
/// </summary>
/// <remarks>
/// Records never expire: to a node that waits for a resource, a record that is missing is one that was lost, and counts as held.
/// </remarks>
internal abstract class ClusterStore : IAsyncDisposable
{
    /// <summary>
    /// How often the store may have been another one since it was opened, restarted or failed over: it may have gone back to what it
    /// knew before.
    /// </summary>
    public virtual long Interruptions => 0;

    /// <summary>Connects, and makes what the store needs. May be called again after it has failed.</summary>
    public abstract Task OpenAsync(CancellationToken cancellationToken);

    /// <summary>Reads the record of a resource.</summary>
    /// <returns>The record; <see langword="null"/> if there is none.</returns>
    public abstract Task<StoredLease?> ReadAsync(string resource, CancellationToken cancellationToken);

    /// <summary>Replaces the record of a resource, if nobody else has done so.</summary>
    /// <param name="resource">The resource's name.</param>
    /// <param name="record">The new record.</param>
    /// <param name="expectedETag">The version that is replaced; <see langword="null"/>: there must be no record.</param>
    /// <param name="cancellationToken">Ends the wait for the answer, not the write.</param>
    /// <returns>The new version; <see langword="null"/> if the record was another one.</returns>
    /// <exception cref="ClusterStoreException">Whether it was written is unknown, if <see cref="ClusterStoreException.AttemptedETag"/> is given.</exception>
    public abstract Task<string?> TryWriteAsync(string resource, LeaseRecord record, string? expectedETag, CancellationToken cancellationToken);

    /// <summary>A secret that the nodes share: 32 random bytes, made by whoever asks first.</summary>
    public abstract Task<byte[]> GetSecretAsync(CancellationToken cancellationToken);

    /// <summary>The names that nodes have ever borne.</summary>
    public abstract Task<IReadOnlyCollection<string>> GetKnownNodesAsync(CancellationToken cancellationToken);

    /// <summary>Makes this node's name known.</summary>
    public abstract Task AddKnownNodeAsync(string node, CancellationToken cancellationToken);

    public abstract ValueTask DisposeAsync();

    /// <summary>The resource's name as a key: nodes may write it in different cases, and mean one.</summary>
    protected static string KeyOf(string resource) => resource.ToLowerInvariant();

    /// <summary>A version that no record has had.</summary>
    protected static string NewETag() => Guid.NewGuid().ToString("N");

    protected static byte[] NewSecret() => RandomNumberGenerator.GetBytes(32);

    /// <summary>What others say, as one line.</summary>
    protected static string LogLine(string message) => message.ReplaceLineEndings(" ");
}

/// <summary>The store could not be asked, or has not answered in time. The message is one line for people.</summary>
internal sealed class ClusterStoreException : Exception
{
    public ClusterStoreException()
    {
    }

    public ClusterStoreException(string message)
        : base(message)
    {
    }

    public ClusterStoreException(string message, Exception? inner)
        : base(message, inner)
    {
    }

    /// <summary>The version that a write would have made: the record may be found to have it.</summary>
    public string? AttemptedETag { get; init; }
}
