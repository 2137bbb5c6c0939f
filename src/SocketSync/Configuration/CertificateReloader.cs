using System.Security.Cryptography;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// Holds a value loaded from files, and reloads it on request when their content has changed. Comparing content detects a
/// swapped symbolic link and a copy with an old date too. Reading <see cref="Current"/> never waits for the disk.
/// </summary>
internal sealed partial class CertificateReloader<T>
    where T : class
{
    private readonly IReadOnlyList<string> _paths;
    private readonly Func<T> _load;
    private readonly ILogger _logger;
    private readonly Lock _reading = new();
    private byte[] _content;
    private bool _isRefused;
    private volatile T _value;

    /// <exception cref="CertificateFileException"><paramref name="load"/> fails to load the initial value.</exception>
    public CertificateReloader(IReadOnlyList<string> paths, Func<T> load, ILogger logger)
    {
        _paths = paths;
        _load = load;
        _logger = logger;
        _content = HashOf(paths);
        _value = load();
    }

    public T Current => _value;

    /// <summary>Reads the files, and reloads the value if they have changed.</summary>
    /// <param name="again">Whether to retry content that was refused before.</param>
    public FileChange Reread(bool again)
    {
        FileChange change;
        string? refusal;
        // Held while the files are read and loaded, by code of ours alone: a second reading waits for the first, and sees what came of it.
        lock (_reading)
            change = Read(again, out refusal);

        if (change == FileChange.Replaced)
            LogReplaced(_logger, _paths[0]);
        else if (change == FileChange.Refused)
            LogKept(_logger, _paths[0], refusal!);
        return change;
    }

    private FileChange Read(bool again, out string? refusal)
    {
        refusal = null;
        var content = HashOf(_paths);
        if (content.AsSpan().SequenceEqual(_content) && !(again && _isRefused))
            return FileChange.None;

        // Hashed before the load, so that a change during the load is seen next time. Invalid content is tried and logged once.
        _content = content;
        try
        {
            _value = _load();
            _isRefused = false;
            return FileChange.Replaced;
        }
        catch (CertificateFileException e)
        {
            _isRefused = true;
            refusal = e.Message;
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

/// <summary>The result of rereading a file.</summary>
internal enum FileChange
{
    /// <summary>The content has not changed.</summary>
    None,

    /// <summary>The new content is in use.</summary>
    Replaced,

    /// <summary>The new content is not usable; the previous value stays in use.</summary>
    Refused,
}

/// <summary>
/// The certificates and authorities of all listeners. Rereads their files every second and on request, not during a handshake:
/// that would make a thread that serves clients wait for the disk.
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

    /// <param name="reread">Rereads the files of one entry; its argument says whether to retry content that was refused before.</param>
    public void Add(Func<bool, FileChange> reread)
    {
        lock (_lock)
        {
            _files.Add(reread);
            if (_files.Count == 1) _timer.Change(Period, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Rereads all files on request, and retries refused content.</summary>
    /// <returns>One result for each certificate and each authority.</returns>
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
            // An unhandled exception in a timer callback would end the process.
            LogFailed(_logger, e);
        }
        finally
        {
            _timer.Change(Period, Timeout.InfiniteTimeSpan); // Restarted after each run, so that slow runs do not overlap.
        }
    }

    private Func<bool, FileChange>[] All()
    {
        lock (_lock) return [.. _files];
    }

    [LoggerMessage(142, LogLevel.Error, "The certificates could not be read again, the former ones stay")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
