using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// The actions that an operator can perform on a running server. Callers authorize the operator with
/// <see cref="AdminToken"/>.
/// </summary>
internal sealed partial class OperatorActions(Topology topology, ILogger<OperatorActions> logger)
{
    /// <summary>
    /// Stops granting turns. The current turn or lease runs to its end; requests wait within their WaitTimeout.
    /// </summary>
    /// <returns><see langword="false"/> if there is no such resource.</returns>
    public bool Pause(string resource)
    {
        if (!topology.Resources.TryGetValue(resource, out var found))
            return false;
        found.Gate.Pause();
        LogPaused(logger, found.Name);
        return true;
    }

    /// <summary>Grants turns again.</summary>
    /// <returns><see langword="false"/> if there is no such resource.</returns>
    public bool Resume(string resource)
    {
        if (!topology.Resources.TryGetValue(resource, out var found))
            return false;
        found.Gate.Resume();
        LogResumed(logger, found.Name);
        return true;
    }

    /// <summary>
    /// Closes a client. Its turn or lease is cancelled as on TurnTimeout; a waiting request is removed unprocessed.
    /// </summary>
    /// <returns><see langword="false"/> if there is no such client.</returns>
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
