using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// Tells which requests of one resource were refused, timed out or failed: the first of a client address and an outcome
/// at once, further ones every ten seconds in one line; and what its processor throws likewise, by the exception's type.
/// </summary>
internal sealed partial class ResourceLog : IDisposable
{
    private readonly LogThrottle<RequestEnd> _endings;
    private readonly LogThrottle<ProcessorFailure> _failures;
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
        _processor = $"processor {processor}";
    }

    /// <summary>Whether it is told that a request has ended so: its client was there and did not get what it had asked for.</summary>
    public static bool Tells(Outcome outcome) => outcome is not (Outcome.Ok or Outcome.Abandoned);

    /// <summary>A request of this client has ended so.</summary>
    public void Ended(Outcome outcome, Client client) => _endings.Add(new RequestEnd(RemoteAddress.Of(client.RemoteEndPoint), outcome));

    /// <summary>The processor has thrown on a request of this client.</summary>
    public void Failed(Exception exception, Client client) => Failed(_processor, exception, client);

    /// <summary>A turn of this client has failed in the server's own code.</summary>
    public void TurnFailed(Exception exception, Client client) => Failed("the turn, outside its processor,", exception, client);

    public void Dispose()
    {
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

    private readonly record struct RequestEnd(object Address, Outcome Outcome);

    private readonly record struct ProcessorFailure(Type Kind, string What, Exception Exception, string ConnectionId);
}
