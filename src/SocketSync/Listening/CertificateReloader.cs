using System.Security.Cryptography;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// Something made from files, made anew when their content has changed. It looks when it is told to, and by content, so
/// that neither a swapped symbolic link nor a copy with an old date is missed; who asks for it never waits for a disk.
/// </summary>
internal sealed partial class CertificateReloader<T>
    where T : class
{
    private readonly IReadOnlyList<string> _paths;
    private readonly Func<T> _load;
    private readonly ILogger _logger;
    private readonly Lock _checking = new();
    private byte[] _content;
    private bool _isRefused;
    private volatile T _value;

    /// <exception cref="CertificateFileException"><paramref name="load"/> cannot make it to begin with.</exception>
    public CertificateReloader(IReadOnlyList<string> paths, Func<T> load, ILogger logger)
    {
        _paths = paths;
        _load = load;
        _logger = logger;
        _content = HashOf(paths);
        _value = load();
    }

    public T Current => _value;

    /// <summary>Reads the files, and makes it anew where they have changed.</summary>
    /// <param name="again">Tries even content that it has refused before.</param>
    public FileChange Reread(bool again)
    {
        lock (_checking)
            return Check(again);
    }

    private FileChange Check(bool again)
    {
        var content = HashOf(_paths);
        if (content.AsSpan().SequenceEqual(_content) && !(again && _isRefused))
            return FileChange.None;

        // Taken before the load: what changes in between is seen the next time. Broken content is tried, and told, once.
        _content = content;
        try
        {
            _value = _load();
            _isRefused = false;
            LogReplaced(_logger, _paths[0]);
            return FileChange.Replaced;
        }
        catch (CertificateFileException e)
        {
            _isRefused = true;
            LogKept(_logger, _paths[0], e.Message);
            return FileChange.Refused;
        }
    }

    private static byte[] HashOf(IReadOnlyList<string> paths)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var path in paths)
        {
            try
            {
                var bytes = SmallFile.Read(path);
                hash.AppendData(BitConverter.GetBytes(bytes.Length));
                hash.AppendData(bytes);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                hash.AppendData("unreadable"u8);
            }
        }

        return hash.GetHashAndReset();
    }

    [LoggerMessage(140, LogLevel.Information, "{Path} has changed and is used from the next TLS handshake on")]
    private static partial void LogReplaced(ILogger logger, string path);

    [LoggerMessage(141, LogLevel.Warning, "{Path} has changed but cannot be used, the former one stays: {Reason}")]
    private static partial void LogKept(ILogger logger, string path, string reason);
}

/// <summary>What came of reading a file again.</summary>
internal enum FileChange
{
    /// <summary>It holds what it held.</summary>
    None,

    /// <summary>Its new content is in use.</summary>
    Replaced,

    /// <summary>Its new content cannot be used, and the former stays.</summary>
    Refused,
}

/// <summary>
/// The certificates and authorities of listeners, whose files are read again every second, and when somebody asks: here, and
/// not during a handshake, which would keep the thread that moves everyone's bytes waiting for a disk.
/// </summary>
internal sealed partial class CertificatesInUse : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly List<Func<bool, FileChange>> _files = [];
    private readonly ILogger _logger;
    private readonly ITimer _timer;

    public CertificatesInUse(TimeProvider time, ILogger logger)
    {
        _logger = logger;
        _timer = time.CreateTimer(_ => Look(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <param name="reread">Reads the files of one; told whether to try even what it has refused before.</param>
    public void Add(Func<bool, FileChange> reread)
    {
        lock (_lock)
        {
            _files.Add(reread);
            if (_files.Count == 1) _timer.Change(Period, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>One entry for each certificate and each authority.</summary>
    public IReadOnlyList<FileChange> Reread() => [.. All().Select(reread => reread(true))];

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        try
        {
            foreach (var reread in All()) reread(false);
        }
        catch (Exception e)
        {
            // On a timer's thread it would end the process, which served its clients well a moment ago.
            LogFailed(_logger, e);
        }
        finally
        {
            _timer.Change(Period, Timeout.InfiniteTimeSpan); // From now on: a look may take its time, and is not to meet the next.
        }
    }

    private Func<bool, FileChange>[] All()
    {
        lock (_lock) return [.. _files];
    }

    [LoggerMessage(142, LogLevel.Error, "The certificates could not be read again, the former ones stay")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
