namespace SocketSync;

/// <summary>Who owns a resource, as it is in the store.</summary>
/// <param name="Node">The owner's name.</param>
/// <param name="Instance">One run of that node's process: a restarted node is not the owner that it was.</param>
/// <param name="Epoch">The number of the owner's term.</param>
/// <param name="IsReleased">Whether the owner has given the resource up, so that the next one need not wait.</param>
internal sealed record LeaseRecord(string Node, string Instance, long Epoch, bool IsReleased)
{
    /// <summary>
    /// Whether it stands for one that the store has lost: somebody may own the resource. It is written by whoever finds none, so that
    /// there is a version to watch; that there is none, twice, does not mean that there was none in between.
    /// </summary>
    public bool IsLost => Instance.Length == 0;

    /// <param name="epoch">The greatest epoch that is known.</param>
    public static LeaseRecord Lost(long epoch) => new("", "", epoch, IsReleased: false);
}

/// <summary>A record with its version.</summary>
/// <param name="Record">The record.</param>
/// <param name="ETag">Another one after each write, and never one that was there before, even when the store has lost its data.</param>
internal sealed record StoredLease(LeaseRecord Record, string ETag);

/// <summary>For how long a resource is owned.</summary>
/// <param name="Lease">How long a node owns a resource without having renewed it.</param>
/// <param name="Margin">How much longer another node waits, for clocks that run at different speeds.</param>
internal sealed record LeaseTimes(TimeSpan Lease, TimeSpan Margin)
{
    /// <summary>After a renewal was begun, the next one is.</summary>
    public TimeSpan RenewEvery => Lease / 4;

    /// <summary>After a renewal has failed, the next one is begun; a term then has several tries before it ends.</summary>
    public TimeSpan RetryAfter => Lease / 32;

    /// <summary>How long a call of the store may take; one that is lost leaves time for others.</summary>
    public TimeSpan StoreTimeout => Lease / 6;

    /// <summary>Who waits for a resource looks at its record this often.</summary>
    public TimeSpan LookEvery => Lease / 8;

    /// <summary>Answers of the store that are further apart say nothing about the time between them.</summary>
    public TimeSpan MaxBetweenLooks => Lease / 2;

    /// <summary>How long before its end a term that could not be renewed tells that it will end.</summary>
    public TimeSpan Warning => Lease / 4 < TimeSpan.FromMilliseconds(500) ? Lease / 4 : TimeSpan.FromMilliseconds(500);
}
