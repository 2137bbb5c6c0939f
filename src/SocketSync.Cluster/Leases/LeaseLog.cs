using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>What is logged of the leases: each failure of the store once, however many resources need it.</summary>
internal sealed partial class LeaseLog : IDisposable
{
    private readonly ILogger _logger;
    private readonly LogThrottle<string> _failures;

    public LeaseLog(ILogger logger, TimeProvider time)
    {
        _logger = logger;
        _failures = new(
            time,
            message => LogStoreFailed(_logger, message),
            (message, sum) => LogStoreFails(_logger, sum.Count, sum.Seconds, message),
            _ => "the cluster's store fails in many ways");
    }

    public void StoreFailed(ClusterStoreException error) => _failures.Add(error.Message);

    public void TookOver(string resource, LeaseRecord from) => LogTookOver(_logger, resource, from.Node, from.Epoch);

    public void Lost(string resource) => LogLost(_logger, resource);

    public void Expired(string resource, long epoch) => LogExpired(_logger, resource, epoch);

    public void Overtaken(string resource, long epoch, LeaseRecord by) => LogOvertaken(_logger, resource, epoch, by.Node, by.Epoch);

    public void NotReleased(string resource, string message) => LogNotReleased(_logger, resource, message);

    public void Dispose() => _failures.Dispose();

    [LoggerMessage(440, LogLevel.Warning, "The cluster's store cannot be asked: {Message}")]
    private static partial void LogStoreFailed(ILogger logger, string message);

    [LoggerMessage(441, LogLevel.Warning, "The cluster's store could not be asked {Count} more times in {Seconds} s, last: {Message}")]
    private static partial void LogStoreFails(ILogger logger, long count, int seconds, string message);

    [LoggerMessage(442, LogLevel.Warning, "Resource {Resource} is taken over from node {Node}, which has not renewed epoch {Epoch}")]
    private static partial void LogTookOver(ILogger logger, string resource, string node, long epoch);

    [LoggerMessage(443, LogLevel.Warning, "The cluster's store has lost who owns resource {Resource}; this node, its owner, writes it again")]
    private static partial void LogLost(ILogger logger, string resource);

    [LoggerMessage(444, LogLevel.Warning, "Epoch {Epoch} of resource {Resource} has ended: it could not be renewed in time")]
    private static partial void LogExpired(ILogger logger, string resource, long epoch);

    [LoggerMessage(445, LogLevel.Warning, "Epoch {Epoch} of resource {Resource} has ended: node {Node} owns it in epoch {NewEpoch}")]
    private static partial void LogOvertaken(ILogger logger, string resource, long epoch, string node, long newEpoch);

    [LoggerMessage(446, LogLevel.Warning, "Resource {Resource} is given up, but the cluster's store cannot be told; the next owner waits until the lease has ended: {Message}")]
    private static partial void LogNotReleased(ILogger logger, string resource, string message);
}
