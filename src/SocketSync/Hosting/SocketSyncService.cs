using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// Starts the resources, accepts clients once everything else has started, HTTP included, and drains the listeners before
/// anything else stops.
/// </summary>
/// <param name="services">Creates the processors.</param>
/// <param name="topology">The resources and listeners to start.</param>
/// <param name="options">The options that the topology was created from.</param>
/// <param name="shutdown">Drains the connections at the end.</param>
/// <param name="watch">Starts watching the configuration.</param>
/// <param name="time">Measures the periods of log throttles.</param>
/// <param name="logger">Logs where the server listens.</param>
/// <param name="loggers">Makes the loggers of what listens.</param>
/// <param name="server">Serves HTTP and accepts the clients; a host need not have one.</param>
internal sealed partial class SocketSyncService(
    IServiceProvider services,
    Topology topology,
    SocketSyncOptions options,
    GracefulShutdown shutdown,
    Func<ConfigurationWatcher> watch,
    TimeProvider time,
    ILogger<SocketSyncService> logger,
    ILoggerFactory loggers,
    IServer? server = null) : IHostedLifecycleService, IDisposable
{
    /// <summary>Time limit for HTTP requests in progress after the drain; then they are aborted.</summary>
    private static readonly TimeSpan HttpTime = TimeSpan.FromSeconds(1);

    private readonly List<DatagramListener> _datagramListeners = [];

    /// <summary>The watcher that reloads the configuration, once the listeners are open.</summary>
    public ConfigurationWatcher? Watcher { get; private set; }

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        BackgroundTasks.Failed += OnBackgroundTaskFailed;
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>
    /// Runs once HTTP has started. From here on, only two things can fail: listening on an address that another program
    /// holds, and a processor's constructor.
    /// </summary>
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        services.GetRequiredService<ResourceSettings>().Read(services);
        var listens = topology.Bound.EndPoints.All(endPoint => endPoint.IsServed || endPoint.IsDatagram);
        if (listens)
            Listen();
        else
            topology.Bound.Close(); // No server accepts clients: refuse them instead of leaving them waiting.

        TopologyFactory.Start(services, options, topology);
        ReceiveDatagrams();
        topology.Bound.Open();
        topology.Phase = HostPhase.Running;
        Watcher = watch();
        TellUnused();
        if (listens)
            LogListening(logger, string.Join(", ", topology.Bound.EndPoints.Select(Describe)), string.Join(", ", HttpAddresses()));
        else
            LogCannotListen(logger, string.Join(", ", topology.Bound.EndPoints.Select(endPoint => endPoint.Name)), server?.GetType().Name ?? "no server");
        return Task.CompletedTask;
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        var isEmpty = await shutdown.RunAsync(options.DrainTimeout, cancellationToken);
        // HTTP was served until here. A half-sent request, or a reader that does not read its response, would delay the stop
        // up to the host's shutdown timeout. The host later finds the server already stopped.
        var http = StopServerAsync(isEmpty ? HttpTime : GracefulShutdown.FarewellTime);
        if (!isEmpty)
            await shutdown.EndAsync(cancellationToken);
        await Task.WhenAll(http, shutdown.Drained());
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        Watcher?.Dispose();
        _datagramListeners.ForEach(listener => listener.Dispose());
        BackgroundTasks.Failed -= OnBackgroundTaskFailed;
    }

    private void OnBackgroundTaskFailed(object? sender, UnobservedTaskExceptionEventArgs e) => LogBackgroundTaskFailed(logger, e.Exception.GetBaseException());

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

    private void ReceiveDatagrams()
    {
        var endPoints = topology.Bound.EndPoints.Where(endPoint => endPoint.IsDatagram).ToList();
        var own = new OwnAddresses(endPoints.Select(endPoint => endPoint.Port).OfType<int>(), time);
        foreach (var endPoint in endPoints)
        {
            var listener = new DatagramListener(endPoint, topology.Listeners[endPoint.Name], own, time, loggers.CreateLogger<DatagramListener>());
            _datagramListeners.Add(listener);
            listener.RunAsync().Observe();
        }
    }

    /// <summary>Whoever has forgotten the file is served by an echo, and would wonder.</summary>
    private void TellUnused()
    {
        var used = options.Resources.Values.Select(resource => resource.Processor).ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var name in services.GetRequiredService<ProcessorCatalog>().Own.Where(name => !used.Contains(name)))
            LogUnused(logger, name);
    }

    private static string Describe(ListenerEndPoint endPoint) =>
        $"{endPoint.Name} on {string.Join(" and ", endPoint.LocalEndPoints)}{(endPoint.IsDatagram ? " (datagrams)" : "")}";

    /// <summary>Returns the addresses of HTTP; Kestrel also lists the listeners as HTTP addresses.</summary>
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

    [LoggerMessage(3, LogLevel.Error, "A background task has failed")]
    private static partial void LogBackgroundTaskFailed(ILogger logger, Exception exception);

    [LoggerMessage(4, LogLevel.Information, "Processor {Processor} is used by no resource")]
    private static partial void LogUnused(ILogger logger, string processor);

    [LoggerMessage(2, LogLevel.Warning, "Nothing listens: listeners ({Listeners}) are served by Kestrel, and this host has {Server}; the resources run without clients")]
    private static partial void LogCannotListen(ILogger logger, string listeners, string server);
}
