using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// Opens the listeners when everything else has started, HTTP included, and drains them before anything else stops.
/// </summary>
internal sealed partial class SocketSyncService(
    Topology topology,
    SocketSyncOptions options,
    Drain drain,
    Func<ConfigurationWatcher> watch,
    IServer server,
    ILogger<SocketSyncService> logger) : IHostedLifecycleService, IDisposable
{
    /// <summary>So long HTTP may take to finish what is under way when the drain is over; then it is cut.</summary>
    private static readonly TimeSpan HttpTime = TimeSpan.FromSeconds(1);

    /// <summary>What follows the configuration, once the listeners are open.</summary>
    public ConfigurationWatcher? Watcher { get; private set; }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        try
        {
            topology.Bound.Open();
        }
        catch (ListenerBindException exception)
        {
            throw new SocketSyncStartupException(exception.Problems);
        }

        topology.Phase = HostPhase.Running;
        Watcher = watch();
        LogListening(logger, string.Join(", ", topology.Bound.EndPoints.Select(Describe)), string.Join(", ", HttpAddresses()));
        return Task.CompletedTask;
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        var isEmpty = await drain.RunAsync(options.DrainTimeout, cancellationToken);
        // HTTP has served until here. What is open on it now, half a request or a reader that does not take its answer, would
        // hold the stop for as long as the host has time; the host finds it stopped when its turn comes.
        var http = StopServerAsync(isEmpty ? HttpTime : Drain.FarewellTime);
        if (!isEmpty)
            await drain.EndAsync(cancellationToken);
        await http;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => Watcher?.Dispose();

    private async Task StopServerAsync(TimeSpan time)
    {
        using var cut = new CancellationTokenSource(time);
        await server.StopAsync(cut.Token);
    }

    private static string Describe(ListenerEndPoint endPoint) => $"{endPoint.Name} on {string.Join(" and ", endPoint.LocalEndPoints)}";

    /// <summary>Kestrel lists the listeners too, and takes them for HTTP.</summary>
    private IEnumerable<string> HttpAddresses()
    {
        var raw = topology.Bound.EndPoints.SelectMany(endPoint => endPoint.LocalEndPoints).Select(endPoint => endPoint.ToString()).ToList();
        return (server.Features.Get<IServerAddressesFeature>()?.Addresses ?? []).Where(address => !raw.Exists(r =>
            address.EndsWith($"//{r}", StringComparison.Ordinal) || address.EndsWith($"//unix:{r}", StringComparison.Ordinal)));
    }

    [LoggerMessage(1, LogLevel.Information, "Listening: {Listeners}; HTTP on {HttpAddresses}")]
    private static partial void LogListening(ILogger logger, string listeners, string httpAddresses);
}
