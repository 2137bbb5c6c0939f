using System.Security.Cryptography;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// Something made from files, made anew when their content has changed. It looks when asked, at most once a second,
/// and by content, so that neither a swapped symbolic link nor a copy with an old date is missed.
/// </summary>
internal sealed partial class FileBacked<T>
    where T : class
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly IReadOnlyList<string> _paths;
    private readonly Func<T> _load;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _checking = new();
    private byte[] _content;
    private bool _isRefused;
    private long _checkedAt;
    private volatile T _value;

    /// <exception cref="CertificateFileException"><paramref name="load"/> cannot make it to begin with.</exception>
    public FileBacked(IReadOnlyList<string> paths, Func<T> load, TimeProvider time, ILogger logger)
    {
        _paths = paths;
        _load = load;
        _time = time;
        _logger = logger;
        _content = HashOf(paths);
        _value = load();
        _checkedAt = time.GetTimestamp();
    }

    public T Current
    {
        get
        {
            if (_time.GetElapsedTime(Volatile.Read(ref _checkedAt)) >= Interval && _checking.TryEnter())
            {
                try
                {
                    Check();
                }
                finally
                {
                    _checking.Exit();
                }
            }

            return _value;
        }
    }

    /// <summary>Looks at once, and tries even content that it has refused before.</summary>
    public FileChange Reread()
    {
        lock (_checking)
            return Check(again: true);
    }

    private FileChange Check(bool again = false)
    {
        var content = HashOf(_paths);
        Volatile.Write(ref _checkedAt, _time.GetTimestamp());
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
                var bytes = File.ReadAllBytes(path);
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

    [LoggerMessage(Level = LogLevel.Information, Message = "{Path} has changed and is used from the next TLS handshake on")]
    private static partial void LogReplaced(ILogger logger, string path);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Path} has changed but cannot be used, the former one stays: {Reason}")]
    private static partial void LogKept(ILogger logger, string path, string reason);
}
