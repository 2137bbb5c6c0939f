using Microsoft.Extensions.Logging;

namespace SocketSync;

internal sealed partial class LinkKeeper
{
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
}
