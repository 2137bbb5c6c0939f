namespace SocketSync;

/// <summary>The certificates and authorities of all listeners, to be read again when somebody asks.</summary>
internal sealed class CertificatesInUse
{
    private readonly Lock _lock = new();
    private readonly List<Func<FileChange>> _files = [];

    public void Add(Func<FileChange> reread)
    {
        lock (_lock) _files.Add(reread);
    }

    /// <summary>One entry for each certificate and each authority.</summary>
    public IReadOnlyList<FileChange> Reread()
    {
        lock (_lock) return [.. _files.Select(reread => reread())];
    }
}
