using System.Net;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>Tells of the TLS handshakes that came to nothing: Kestrel tells them only at Debug, each with its stack.</summary>
internal sealed partial class TlsFailures : IDisposable
{
    private readonly LogThrottle<Failure> _log;

    public TlsFailures(TimeProvider time, ILogger logger) =>
        _log = new(
            time,
            first => Tell(logger, first),
            (last, sum) => SumUp(logger, last, sum),
            fold: failure => failure with { Address = RemoteAddress.Others });

    /// <summary>The client has shown no certificate, or none that is accepted.</summary>
    public void Refused(EndPoint? client, string reason) => _log.Add(new Failure(RemoteAddress.Of(client), reason));

    /// <summary>Any other: it speaks something else, does not trust the server, was too slow, or only looked whether the port is open.</summary>
    public void Failed(EndPoint? client) => _log.Add(new Failure(RemoteAddress.Of(client), Reason: null));

    public void Dispose() => _log.Dispose();

    private static void Tell(ILogger logger, Failure first)
    {
        if (first.Reason is { } reason)
            LogRefused(logger, first.Address, reason);
        else
            LogFailed(logger, first.Address);
    }

    private static void SumUp(ILogger logger, Failure last, LogSum sum)
    {
        if (last.Reason is { } reason)
            LogMoreRefused(logger, sum.Count, last.Address, sum.Seconds, reason);
        else
            LogMoreFailed(logger, sum.Count, last.Address, sum.Seconds);
    }

    [LoggerMessage(130, LogLevel.Warning, "TLS: a client from {Address} is refused: {Reason}")]
    private static partial void LogRefused(ILogger logger, object address, string reason);

    [LoggerMessage(131, LogLevel.Warning, "TLS: {Count} more clients from {Address} were refused within {Seconds} s: {Reason}")]
    private static partial void LogMoreRefused(ILogger logger, long count, object address, int seconds, string reason);

    [LoggerMessage(132, LogLevel.Information, "TLS: the handshake with a client from {Address} failed")]
    private static partial void LogFailed(ILogger logger, object address);

    [LoggerMessage(133, LogLevel.Information, "TLS: {Count} more handshakes with clients from {Address} failed within {Seconds} s")]
    private static partial void LogMoreFailed(ILogger logger, long count, object address, int seconds);

    private readonly record struct Failure(object Address, string? Reason);
}
