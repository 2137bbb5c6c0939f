using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>What an operator may do to a running server. Whether somebody is one, <see cref="AdminToken"/> says.</summary>
internal sealed partial class OperatorActions(Topology topology, ILogger<OperatorActions> logger)
{
    /// <summary>No further turn is granted: the one in hand ends, a lease too, and requests wait as their WaitTimeout allows.</summary>
    /// <returns><see langword="false"/>: there is no such resource.</returns>
    public bool Pause(string resource)
    {
        if (!topology.Resources.TryGetValue(resource, out var found))
            return false;
        found.Gate.Pause();
        LogPaused(logger, found.Name);
        return true;
    }

    /// <summary>Turns are granted again.</summary>
    /// <returns><see langword="false"/>: there is no such resource.</returns>
    public bool Resume(string resource)
    {
        if (!topology.Resources.TryGetValue(resource, out var found))
            return false;
        found.Gate.Resume();
        LogResumed(logger, found.Name);
        return true;
    }

    /// <summary>Closes a client. Its turn or lease is cancelled as by TurnTimeout; a request in line leaves it unprocessed.</summary>
    /// <returns><see langword="false"/>: there is no such client.</returns>
    public bool Close(string connectionId)
    {
        if (topology.FindConnection(connectionId) is not { } connection)
            return false;
        connection.Close();
        LogClosed(logger, connection.Id);
        return true;
    }

    [LoggerMessage(700, LogLevel.Information, "Resource {Resource} is paused by an operator")]
    private static partial void LogPaused(ILogger logger, string resource);

    [LoggerMessage(701, LogLevel.Information, "Resource {Resource} is resumed by an operator")]
    private static partial void LogResumed(ILogger logger, string resource);

    [LoggerMessage(702, LogLevel.Information, "{ConnectionId} is closed by an operator")]
    private static partial void LogClosed(ILogger logger, string connectionId);
}
