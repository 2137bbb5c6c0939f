using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// Starts the resources and lets clients in when everything else has started, HTTP included, and drains the listeners before
/// anything else stops.
/// </summary>
/// <param name="services">For the processors.</param>
/// <param name="topology">What is started.</param>
/// <param name="options">What it was made from.</param>
/// <param name="shutdown">Its end.</param>
/// <param name="watch">Begins to follow the configuration.</param>
/// <param name="logger">Where it is told that it listens.</param>
/// <param name="server">Serves HTTP and accepts the clients; a host need not have one.</param>
internal sealed partial class SocketSyncService(
    IServiceProvider services,
    Topology topology,
    SocketSyncOptions options,
    GracefulShutdown shutdown,
    Func<ConfigurationWatcher> watch,
    ILogger<SocketSyncService> logger,
    IServer? server = null) : IHostedLifecycleService, IDisposable
{
    /// <summary>So long HTTP may take to finish what is under way when the drain is over; then it is cut.</summary>
    private static readonly TimeSpan HttpTime = TimeSpan.FromSeconds(1);

    /// <summary>What follows the configuration, once the listeners are open.</summary>
    public ConfigurationWatcher? Watcher { get; private set; }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>HTTP is up. From here on nothing can fail but what is taken by another program, and a processor's constructor.</summary>
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        var listens = topology.Bound.EndPoints.All(endPoint => endPoint.IsServed);
        if (listens)
            Listen();
        else
            topology.Bound.Close(); // Nobody would accept who connects: better that they are told so.

        TopologyFactory.Start(services, options, topology);
        topology.Bound.Open();
        topology.Phase = HostPhase.Running;
        Watcher = watch();
        if (listens)
            LogListening(logger, string.Join(", ", topology.Bound.EndPoints.Select(Describe)), string.Join(", ", HttpAddresses()));
        else
            LogCannotListen(logger, string.Join(", ", topology.Bound.EndPoints.Select(endPoint => endPoint.Name)), server?.GetType().Name ?? "no server");
        return Task.CompletedTask;
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        var isEmpty = await shutdown.RunAsync(options.DrainTimeout, cancellationToken);
        // HTTP has served until here. What is open on it now, half a request or a reader that does not take its answer, would
        // hold the stop for as long as the host has time; the host finds it stopped when its turn comes.
        var http = StopServerAsync(isEmpty ? HttpTime : GracefulShutdown.FarewellTime);
        if (!isEmpty)
            await shutdown.EndAsync(cancellationToken);
        await http;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => Watcher?.Dispose();

    private async Task StopServerAsync(TimeSpan time)
    {
        using var cut = new CancellationTokenSource(time);
        if (server is not null)
            await server.StopAsync(cut.Token);
    }

    private void Listen()
    {
        try
        {
            topology.Bound.Listen();
        }
        catch (ListenerBindException exception)
        {
            throw new SocketSyncStartupException(exception.Problems);
        }
    }

    private static string Describe(ListenerEndPoint endPoint) => $"{endPoint.Name} on {string.Join(" and ", endPoint.LocalEndPoints)}";

    /// <summary>Kestrel lists the listeners too, and takes them for HTTP.</summary>
    private IEnumerable<string> HttpAddresses()
    {
        var raw = topology.Bound.EndPoints.SelectMany(endPoint => endPoint.LocalEndPoints)
            .SelectMany<EndPoint, string>(endPoint => [$"//{endPoint}", $"//unix:{endPoint}"])
            .ToHashSet(StringComparer.Ordinal);
        return (server?.Features.Get<IServerAddressesFeature>()?.Addresses ?? [])
            .Where(address => !raw.Contains(address[(address.IndexOf(':', StringComparison.Ordinal) + 1)..]));
    }

    [LoggerMessage(1, LogLevel.Information, "Listening: {Listeners}; HTTP on {HttpAddresses}")]
    private static partial void LogListening(ILogger logger, string listeners, string httpAddresses);

    [LoggerMessage(2, LogLevel.Warning, "Nothing listens: listeners ({Listeners}) are served by Kestrel, and this host has {Server}; the resources run without clients")]
    private static partial void LogCannotListen(ILogger logger, string listeners, string server);
}
