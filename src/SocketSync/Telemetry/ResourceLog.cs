using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// Logs the requests of one resource that were refused, timed out or failed: the first per client address and outcome at once,
/// further ones in one line every ten seconds. Logs exceptions of its processor likewise, by exception type.
/// </summary>
internal sealed partial class ResourceLog : IDisposable
{
    private readonly LogThrottle<RequestEnd> _endings;
    private readonly LogThrottle<ProcessorFailure> _failures;
    private readonly LogThrottle<SlowWatcher> _slowWatchers;
    private readonly string _processor;

    public ResourceLog(string resource, string processor, TimeProvider time, ILogger logger)
    {
        _endings = new(
            time,
            first => LogEnded(logger, resource, first.Address, first.Outcome.Code()),
            (last, sum) => LogMoreEnded(logger, resource, sum.Count, last.Address, last.Outcome.Code(), sum.Seconds),
            fold: ending => ending with { Address = RemoteAddress.Others });
        _failures = new(
            time,
            first => LogFailed(logger, resource, first.What, first.ConnectionId, first.Exception),
            (last, sum) => LogMoreFailed(logger, resource, last.What, sum.Count, sum.Seconds, last.ConnectionId, last.Exception),
            fold: failure => failure with { Kind = typeof(Exception) },
            EqualityComparer<ProcessorFailure>.Create(
                (x, y) => x.Kind == y.Kind && string.Equals(x.What, y.What, StringComparison.Ordinal),
                failure => failure.Kind.GetHashCode()));
        _slowWatchers = new(
            time,
            first => LogSlowWatcher(logger, resource, first.Address),
            (last, sum) => LogMoreSlowWatchers(logger, resource, sum.Count, last.Address, sum.Seconds),
            fold: watcher => watcher with { Address = RemoteAddress.Others });
        _processor = $"processor {processor}";
    }

    /// <summary>Whether the outcome is logged: the client was present and did not get what it asked for.</summary>
    public static bool Tells(Outcome outcome) => !outcome.IsAnswered() && outcome != Outcome.Abandoned;

    /// <summary>Logs the outcome of a client's request.</summary>
    public void Ended(Outcome outcome, Client client) => _endings.Add(new RequestEnd(RemoteAddress.Of(client.RemoteEndPoint), outcome));

    /// <summary>Logs an exception that the processor threw on a client's request.</summary>
    public void Failed(Exception exception, Client client) => Failed(_processor, exception, client);

    /// <summary>Logs an exception of the server's own code during a client's turn.</summary>
    public void TurnFailed(Exception exception, Client client) => Failed("the turn, outside its processor,", exception, client);

    /// <summary>Logs that a client that watches is closed, because it has fallen behind.</summary>
    public void WatcherWasSlow(Client client) => _slowWatchers.Add(new SlowWatcher(RemoteAddress.Of(client.RemoteEndPoint)));

    public void Dispose()
    {
        _slowWatchers.Dispose();
        _endings.Dispose();
        _failures.Dispose();
    }

    private void Failed(string what, Exception exception, Client client) => _failures.Add(new ProcessorFailure(exception.GetType(), what, exception, client.Id));

    [LoggerMessage(300, LogLevel.Error, "Resource {Resource}: {What} failed on a request of {ConnectionId}")]
    private static partial void LogFailed(ILogger logger, string resource, string what, string connectionId, Exception exception);

    [LoggerMessage(301, LogLevel.Error,
        "Resource {Resource}: {What} failed {Count} more times within {Seconds} s, the last time on a request of {ConnectionId}")]
    private static partial void LogMoreFailed(
        ILogger logger, string resource, string what, long count, int seconds, string connectionId, Exception exception);

    [LoggerMessage(302, LogLevel.Warning, "Resource {Resource}: a request from {Address} ended as {Outcome}")]
    private static partial void LogEnded(ILogger logger, string resource, object address, string outcome);

    [LoggerMessage(303, LogLevel.Warning, "Resource {Resource}: {Count} more requests from {Address} ended as {Outcome} within {Seconds} s")]
    private static partial void LogMoreEnded(ILogger logger, string resource, long count, object address, string outcome, int seconds);

    [LoggerMessage(560, LogLevel.Warning, "Resource {Resource}: a watcher from {Address} did not keep up with the device; closed")]
    private static partial void LogSlowWatcher(ILogger logger, string resource, object address);

    [LoggerMessage(561, LogLevel.Warning, "Resource {Resource}: {Count} more watchers from {Address} did not keep up with the device within {Seconds} s; closed")]
    private static partial void LogMoreSlowWatchers(ILogger logger, string resource, long count, object address, int seconds);

    private readonly record struct SlowWatcher(object Address);

    private readonly record struct RequestEnd(object Address, Outcome Outcome);

    private readonly record struct ProcessorFailure(Type Kind, string What, Exception Exception, string ConnectionId);
}
