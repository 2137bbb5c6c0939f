using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// The end of serving: no new clients, idle ones closed, requests that wait or run finished and answered; after
/// DrainTimeout the rest is refused.
/// </summary>
internal sealed partial class GracefulShutdown(Topology topology, TimeProvider time, ILogger<GracefulShutdown> logger)
{
    /// <summary>So long may the refusals at the end of DrainTimeout take to reach their clients.</summary>
    public static readonly TimeSpan FarewellTime = TimeSpan.FromSeconds(0.5);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(10);

    /// <summary>Lets everybody finish who does so in time.</summary>
    /// <returns>Whether everybody has.</returns>
    public async Task<bool> RunAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        topology.Bound.Close();
        // Before readiness says so: whoever hears of it may count on no further request being begun.
        foreach (var connection in topology.Connections)
            connection.Drain();
        topology.Phase = HostPhase.Draining;
        LogDraining(logger, topology.Connections.Count());
        // Again and again: a client that was accepted a moment ago may not have been in the list.
        if (await IsEmptyWithinAsync(timeout, connection => connection.Drain(), cancellationToken))
            return true;

        LogOverdue(logger, topology.Connections.Count(), timeout);
        return false;
    }

    /// <summary>Refuses whoever still waits, and closes whoever then is still there.</summary>
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
