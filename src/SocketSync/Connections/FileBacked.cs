using System.Security.Cryptography;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// Something made from files, made anew when their content has changed. It looks when it is told to, and by content, so
/// that neither a swapped symbolic link nor a copy with an old date is missed; who asks for it never waits for a disk.
/// </summary>
internal sealed partial class FileBacked<T>
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
    public FileBacked(IReadOnlyList<string> paths, Func<T> load, ILogger logger)
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

    [LoggerMessage(Level = LogLevel.Information, Message = "{Path} has changed and is used from the next TLS handshake on")]
    private static partial void LogReplaced(ILogger logger, string path);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Path} has changed but cannot be used, the former one stays: {Reason}")]
    private static partial void LogKept(ILogger logger, string path, string reason);
}
