using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// What is logged of a link. Events are noted under the manager's lock and logged outside of it, and summed up if they are
/// frequent: a device that hangs up after each reply costs two lines and then one every ten seconds, however often it is asked. That
/// a device is back which was away is told at once, but no more often than the sums are.
/// </summary>
internal sealed partial class LinkLog(string resource, string link, ILogger logger, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly Lock _sync = new();
    private readonly List<LinkEvent> _noted = [];
    private readonly int[] _leftOut = new int[3];
    private readonly bool[] _isLogged = new bool[3];
    private long _intervalBegan;
    private bool _isInInterval;
    private bool _wasAway;
    private long? _toldBackAt;
    private bool _warnedOfEcho;
    private bool _warnedOfNoEcho;
    private string? _lastReason;

    private enum LinkEventKind
    {
        Opened,
        Lost,
        Away,
    }

    public void Opened() => Add(LinkEventKind.Opened, "");

    public void Lost(string reason) => Add(LinkEventKind.Lost, reason);

    public void Away(string reason) => Add(LinkEventKind.Away, reason);

    /// <summary>Logs what was noted, and every ten seconds how much was left out. Called often, and never under a lock.</summary>
    public void Flush() => Flush(isLast: false);

    /// <summary>The same for the last time: nothing is kept for later.</summary>
    public void FlushAll() => Flush(isLast: true);

    public void Discarded(long bytes) => LogDiscarded(logger, resource, link, bytes);

    public void AskedAgain(byte unit, string why) => LogAskedAgain(logger, resource, link, unit, why);

    public void CloseFailed(Exception exception) => LogCloseFailed(logger, resource, link, exception);

    public bool HasWarnedOfEcho => Volatile.Read(ref _warnedOfEcho);

    public void EchoSeen()
    {
        if (!Interlocked.Exchange(ref _warnedOfEcho, true))
            LogEchoSeen(logger, resource, link);
    }

    public void EchoMissing()
    {
        if (!Interlocked.Exchange(ref _warnedOfNoEcho, true))
            LogEchoMissing(logger, resource, link);
    }

    private void Add(LinkEventKind kind, string reason)
    {
        lock (_sync)
            _noted.Add(new(kind, reason));
    }

    private void Flush(bool isLast)
    {
        List<LinkEvent>? events = null;
        int[]? leftOut = null;
        string? lastReason;
        lock (_sync)
        {
            if (_isInInterval && (isLast || time.GetElapsedTime(_intervalBegan) >= Interval))
                leftOut = EndInterval();
            foreach (var noted in _noted)
                if (IsToBeLogged(noted))
                    (events ??= []).Add(noted);
            _noted.Clear();
            lastReason = _lastReason;
        }

        if (leftOut is not null)
            LogLeftOut(leftOut[(int)LinkEventKind.Lost], leftOut[(int)LinkEventKind.Opened], leftOut[(int)LinkEventKind.Away], lastReason);
        events?.ForEach(Log);
    }

    private bool IsToBeLogged(LinkEvent noted)
    {
        if (noted.Type != LinkEventKind.Opened)
            _lastReason = noted.Reason;
        if (!_isInInterval)
        {
            _isInInterval = true;
            _intervalBegan = time.GetTimestamp();
            Array.Clear(_isLogged);
        }

        var isBack = IsBack(noted);
        if (!_isLogged[(int)noted.Type])
            return _isLogged[(int)noted.Type] = true;
        if (!isBack)
            _leftOut[(int)noted.Type]++;
        return isBack;
    }

    /// <summary>Whether a device is back that was away, and this is to be told although lines of its kind are left out.</summary>
    private bool IsBack(LinkEvent noted)
    {
        var isBack = noted.Type == LinkEventKind.Opened && _wasAway;
        _wasAway = noted.Type == LinkEventKind.Away;
        if (!isBack || (_toldBackAt is { } then && time.GetElapsedTime(then) < Interval))
            return false;
        _toldBackAt = time.GetTimestamp();
        return true;
    }

    /// <summary>If something was left out, the next interval begins at once, and only the sum is logged.</summary>
    private int[]? EndInterval()
    {
        _isInInterval = _leftOut.AsSpan().ContainsAnyExcept(0);
        if (!_isInInterval)
            return null;
        _intervalBegan = time.GetTimestamp();
        int[] leftOut = [.. _leftOut];
        Array.Clear(_leftOut);
        return leftOut;
    }

    /// <remarks>That a link was opened is no warning: one whose turns end with the device's reply is opened for each.</remarks>
    private void LogLeftOut(int lost, int opened, int away, string? reason)
    {
        if (lost + away == 0)
            LogOpenedAgain(logger, resource, link, opened);
        else
            LogLeftOut(logger, resource, link, lost, opened, away, reason);
    }

    private void Log(LinkEvent noted)
    {
        switch (noted.Type)
        {
            case LinkEventKind.Opened:
                LogOpened(logger, resource, link);
                break;
            case LinkEventKind.Lost:
                LogLost(logger, resource, link, noted.Reason);
                break;
            default:
                LogAway(logger, resource, noted.Reason);
                break;
        }
    }

    [LoggerMessage(500, LogLevel.Information, "Resource {Resource}: link {Link} is open")]
    private static partial void LogOpened(ILogger logger, string resource, string link);

    [LoggerMessage(501, LogLevel.Warning, "Resource {Resource}: the device is away: {Reason}; trying again until it is there")]
    private static partial void LogAway(ILogger logger, string resource, string reason);

    [LoggerMessage(502, LogLevel.Warning, "Resource {Resource}: link {Link} is lost: {Reason}")]
    private static partial void LogLost(ILogger logger, string resource, string link, string reason);

    [LoggerMessage(503, LogLevel.Debug, "Resource {Resource}: {Bytes} bytes of link {Link} that nobody had asked for were discarded")]
    private static partial void LogDiscarded(ILogger logger, string resource, string link, long bytes);

    [LoggerMessage(504, LogLevel.Warning, "Resource {Resource}: link {Link} could not be closed")]
    private static partial void LogCloseFailed(ILogger logger, string resource, string link, Exception exception);

    [LoggerMessage(505, LogLevel.Warning, "Resource {Resource}: link {Link}, in the last ten seconds and not told one by one: lost {Lost} times, opened {Opened} times, the device away {Away} times; the last reason: {Reason}")]
    private static partial void LogLeftOut(ILogger logger, string resource, string link, int lost, int opened, int away, string? reason);

    [LoggerMessage(509, LogLevel.Information, "Resource {Resource}: further openings of link {Link} in the last ten seconds: {Count}")]
    private static partial void LogOpenedAgain(ILogger logger, string resource, string link, int count);

    [LoggerMessage(506, LogLevel.Warning, "Resource {Resource}: link {Link} sends back what is written to it, so that a write to a unit that is not there would seem to be answered; set SocketSync:Resources:{Resource}:Link:LocalEcho to true")]
    private static partial void LogEchoSeen(ILogger logger, string resource, string link);

    [LoggerMessage(507, LogLevel.Warning, "Resource {Resource}: what was written to link {Link} did not come back as it was written, though SocketSync:Resources:{Resource}:Link:LocalEcho says that its adapter sends it back")]
    private static partial void LogEchoMissing(ILogger logger, string resource, string link);

    [LoggerMessage(508, LogLevel.Debug, "Resource {Resource}: unit {Unit} on link {Link} is asked again: {Reason}")]
    private static partial void LogAskedAgain(ILogger logger, string resource, string link, byte unit, string reason);

    private readonly record struct LinkEvent(LinkEventKind Type, string Reason);
}
