using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// Begins and ends this node's use of the resources that it shares with other nodes: a processor and its link live as long as a term.
/// Called by whoever decides which node owns a resource. Calls for one resource are never concurrent.
/// </summary>
internal sealed partial class ResourceTerms(IServiceProvider services, ProcessorCatalog catalog, SocketSyncOptions options, Topology topology, TimeProvider time, ILogger<ResourceTerms> logger)
{
    private readonly ILookup<string, KeyValuePair<string, ListenerOptions>> _listeners = options.ListenersByResource();

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(5);

    /// <summary>The settings of the resources, as they are by now.</summary>
    public IReadOnlyDictionary<string, ResourceOptions> Resources { get; set; } = options.Resources;

    /// <summary>This node owns the resource from now on: its processor is made, its link opened, and turns are granted.</summary>
    /// <param name="name">The resource's name.</param>
    /// <param name="term">Says for how long.</param>
    /// <exception cref="SocketSyncStartupException">The processor cannot be made; the term has not begun.</exception>
    public void Begin(string name, Term term)
    {
        var resource = topology.Resources[name];
        var processor = TopologyFactory.CreateProcessor(services, catalog, _listeners[name], Resources[name], name, term);
        resource.BeginTerm(processor, term);
        resource.Link?.Start();
        LogBegun(logger, resource.Name, term.Epoch);
    }

    /// <summary>Stops taking requests, and waits until those that wait or run are answered.</summary>
    /// <returns>Whether they are, within the time; else <see cref="EndAsync"/> cuts them.</returns>
    public async Task<bool> DrainAsync(string name, TimeSpan timeout)
    {
        foreach (var connection in topology.ConnectionsTo(topology.Resources[name]))
            connection.Drain();
        var start = time.GetTimestamp();
        while (topology.ConnectionsTo(topology.Resources[name]).Any())
        {
            if (time.GetElapsedTime(start) >= timeout)
                return false;
            await Task.Delay(LookEvery, time);
            foreach (var connection in topology.ConnectionsTo(topology.Resources[name]))
                connection.Drain();
        }

        return true;
    }

    /// <summary>
    /// Refuses who waits, and cancels the turn in progress: the term is about to end. Nothing is granted until the next
    /// <see cref="Begin"/>.
    /// </summary>
    public void Cancel(string name) => topology.Resources[name].Gate.Close(Outcome.Timeout);

    /// <summary>
    /// The term is over: the link is cut, and the processor disposed of. What has been begun and not been written is never written.
    /// </summary>
    /// <param name="name">The resource's name.</param>
    /// <param name="grace">How long a processor that was cancelled may take to return.</param>
    /// <returns><see langword="false"/> if the processor is still inside: only the end of the process stops it.</returns>
    public async Task<bool> EndAsync(string name, TimeSpan grace)
    {
        var resource = topology.Resources[name];
        if (resource.Term is not { } term)
            return true;
        var isOut = await resource.EndTermAsync(grace, time);
        LogEnded(logger, resource.Name, term.Epoch);
        return isOut;
    }

    [LoggerMessage(420, LogLevel.Information, "Resource {Resource} is served by this node from now on, in epoch {Epoch}")]
    private static partial void LogBegun(ILogger logger, string resource, long epoch);

    [LoggerMessage(421, LogLevel.Information, "Resource {Resource} is not served by this node any more; its epoch was {Epoch}")]
    private static partial void LogEnded(ILogger logger, string resource, long epoch);
}
