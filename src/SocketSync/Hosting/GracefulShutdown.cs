using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// Graceful shutdown: accepts no new clients, closes idle ones, and finishes and answers waiting and running requests; after
/// DrainTimeout the remaining requests are refused.
/// </summary>
internal sealed partial class GracefulShutdown(Topology topology, TimeProvider time, ILogger<GracefulShutdown> logger)
{
    /// <summary>Time limit for sending the refusals to their clients at the end of DrainTimeout.</summary>
    public static readonly TimeSpan FarewellTime = TimeSpan.FromSeconds(0.5);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// What is to be done as soon as nobody is served any more, while HTTP still ends: resources that other nodes wait for are given up.
    /// </summary>
    public Func<Task> Drained { get; set; } = static () => Task.CompletedTask;

    /// <summary>Waits until all connections have finished, or the timeout expires.</summary>
    /// <returns>Whether all connections have finished.</returns>
    public async Task<bool> RunAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        topology.Bound.Close();
        // Drain before readiness changes: a client that sees the change may rely on no further request being started.
        foreach (var connection in topology.Connections)
            connection.Drain();
        topology.Phase = HostPhase.Draining;
        LogDraining(logger, topology.Connections.Count());
        // Drain repeatedly: a client that was just accepted may not have been in the list.
        if (await IsEmptyWithinAsync(timeout, connection => connection.Drain(), cancellationToken))
            return true;

        LogOverdue(logger, topology.Connections.Count(), timeout);
        return false;
    }

    /// <summary>Refuses the requests that still wait, then aborts the remaining connections.</summary>
    public async Task EndAsync(CancellationToken cancellationToken)
    {
        foreach (var resource in topology.Resources.Values)
            resource.Gate.Close();
        if (!await IsEmptyWithinAsync(FarewellTime, connection => connection.Drain(), cancellationToken))
            await IsEmptyWithinAsync(FarewellTime, connection => connection.Abort("The server has stopped."), cancellationToken);
    }

    private async Task<bool> IsEmptyWithinAsync(TimeSpan timeout, Action<AcceptedConnection> urge, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        while (true)
        {
            foreach (var connection in topology.Connections)
                urge(connection);
            if (topology.Listeners.Values.All(listener => listener.ConnectionCount == 0))
                return true;
            if (time.GetElapsedTime(start) >= timeout || cancellationToken.IsCancellationRequested)
                return false;
            await Task.Delay(LookEvery, time, CancellationToken.None);
        }
    }

    [LoggerMessage(400, LogLevel.Information, "Stopping: listeners closed, {Connections} connections to finish")]
    private static partial void LogDraining(ILogger logger, int connections);

    [LoggerMessage(401, LogLevel.Warning, "{Connections} connections were not finished within DrainTimeout ({Timeout}); their requests are refused")]
    private static partial void LogOverdue(ILogger logger, int connections, TimeSpan timeout);
}
