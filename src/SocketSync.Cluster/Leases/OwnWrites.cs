namespace SocketSync;

/// <summary>
/// The versions that this process has given, or may have given, to the record of a resource. If the record has one of them, then
/// nobody has owned the resource since this process did.
/// </summary>
/// <remarks>Used by one owner after the other, never at once.</remarks>
internal sealed class OwnWrites(ClusterStore store, string resource)
{
    private readonly HashSet<string> _etags = new(StringComparer.Ordinal);

    public bool Contains(string etag) => _etags.Contains(etag);

    /// <summary>Somebody else's record was seen. If one of ours were seen later, then the store would have gone back to it.</summary>
    public void Forget() => _etags.Clear();

    /// <summary>Writes the record, see <see cref="ClusterStore.TryWriteAsync"/>. Not cancellable: its outcome must be known.</summary>
    public async Task<string?> TryWriteAsync(LeaseRecord record, string? expectedETag)
    {
        try
        {
            if (await store.TryWriteAsync(resource, record, expectedETag, CancellationToken.None) is not { } etag)
                return null;
            _etags.Clear();
            _etags.Add(etag);
            return etag;
        }
        catch (ClusterStoreException error) when (error.AttemptedETag is { } attempted)
        {
            _etags.Add(attempted);
            throw;
        }
    }
}
