namespace SocketSync;

/// <summary>
/// The right of this node to use a resource that several nodes share, from the moment it became the owner until it is not any more.
/// A resource that is not shared by nodes has none, and needs none.
/// </summary>
/// <remarks>
/// Asked at each grant of a turn, and again right before each write to the device, by whatever thread comes by: a term must answer at
/// once, without a lock that anybody holds over a call.
/// </remarks>
internal abstract class Term
{
    /// <summary>The number of this term; each term of a resource has a greater one than those before, on whichever node.</summary>
    public abstract long Epoch { get; }

    /// <summary>How long it lasts without being renewed; <see langword="null"/>: until this process ends.</summary>
    public virtual TimeSpan? Lease => null;

    /// <summary>Whether the resource may be used at this moment. Once <see langword="false"/>, it stays so.</summary>
    public abstract bool IsValid { get; }
}
