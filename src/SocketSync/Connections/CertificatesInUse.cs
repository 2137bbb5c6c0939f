using Microsoft.Extensions.Logging;

namespace SocketSync;

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

    [LoggerMessage(Level = LogLevel.Error, Message = "The certificates could not be read again, the former ones stay")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
