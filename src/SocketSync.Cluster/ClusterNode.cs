using System.Globalization;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Hosting;
using Orleans.Runtime;

namespace SocketSync;

/// <summary>
/// This node of the cluster: it starts after the listeners, joins the others as soon as the store lets it, and leaves them after the
/// drain.
/// </summary>
internal sealed class ClusterNode : IHostedLifecycleService, IAsyncDisposable
{
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan GiveUpTime = TimeSpan.FromSeconds(1);

    /// <summary>How long a member may take until it has been heard; less than <see cref="AnswerTime"/>, since the owner waits, too.</summary>
    private static readonly TimeSpan HearTime = TimeSpan.FromSeconds(1.5);

    private readonly SocketSyncOptions _options;
    private readonly ClusterTable _table;
    private readonly ClusterStore _store;
    private readonly NodeLeases _leases;
    private readonly ResourceOwners _owners;
    private readonly OwnershipKeeper _keeper;
    private readonly PeerWatch _peers;
    private readonly ProcessEnd _end;
    private readonly ClusterJoin _join;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stopping = new();
    private Task _running = Task.CompletedTask;
    private int _isDisposed;

    public ClusterNode(
        IServiceProvider services,
        SocketSyncOptions options,
        ClusterTable table,
        ResourceTerms terms,
        GracefulShutdown shutdown,
        SocketSyncMeter meter,
        CertificatesInUse certificates,
        TimeProvider time,
        ILoggerFactory loggers)
    {
        var cluster = options.Cluster;
        (_options, _table, _time) = (options, table, time);
        var times = new LeaseTimes(cluster.Lease, cluster.Margin);
        _store = cluster.Store.Redis is { } redis
            ? new RedisClusterStore(redis, cluster.Id, times, time)
            : new PostgresClusterStore(cluster.Store.Postgres!, cluster.Id, times, time);
        _leases = new(_store, cluster.Node!, times, LeaseClock.System, new LeaseMetrics(meter.Meter), loggers.CreateLogger<NodeLeases>());
        _end = new(loggers.CreateLogger<ProcessEnd>());

        var use = new OwnerParts(terms, table.Voice, _end, cluster.Margin / 4, time, loggers.CreateLogger<ResourceOwners>());
        _owners = new(options.Resources, _leases, table.Choice, table.Directory, use);
        Silo = new(
            new(cluster, CertificatesOf(cluster, certificates, loggers), silo => Membership.Use(silo, cluster.Store), silo => AddServices(silo, services)),
            loggers,
            why => _end.After(why, GiveUpTime));
        _peers = new(Silo, table.Directory, table.Voice, time);
        _keeper = new(Silo, table.Directory, table.Choice, _owners, time, loggers.CreateLogger<OwnershipKeeper>());
        _join = new(Silo, _store, options, services.GetRequiredService<ForwardSecret>(), _end, time, loggers.CreateLogger<ClusterJoin>());

        _end.GiveUp = () => _owners.LeaveAsync(TimeSpan.Zero);
        shutdown.Drained = () => _owners.LeaveAsync(TimeSpan.Zero);
        table.Voice.Spoke = () => _peers.TellAsync().Observe();
        table.Voice.Move = GiveUpAsync;
        table.Directory.Changed = _keeper.Wake;
        table.Directory.Doubted = _peers.Ask;
    }

    /// <summary>The silo of this node.</summary>
    public SiloHost Silo { get; }

    /// <summary>This node's name.</summary>
    public string Name => _table.Directory.Node;

    /// <summary>Whether this node is one of the cluster by now.</summary>
    public bool HasJoined => Silo.Services is not null;

    /// <summary>Lets another node own a resource from now on, after the owner has finished what it does.</summary>
    /// <returns>Why that was refused, in one line; <see langword="null"/> if it was done.</returns>
    public async Task<string?> MoveAsync(string resource, string node, CancellationToken cancellationToken)
    {
        var directory = _table.Directory;
        if (!_options.Resources.ContainsKey(resource))
            return $"there is no resource {resource}";
        if (!_table.Choice.Allows(resource, node))
            return $"node {node} is not among the nodes that may own resource {resource}";
        _peers.Ask(node);
        if (!await directory.LivesAsync(node, HearTime, cancellationToken))
            return $"there is no node {node}, or it does not answer";
        if (directory.OwnerOf(resource) is not { } owner)
            return $"resource {resource} has no owner that could give it up";
        if (owner.Node == node)
            return null;

        var refusal = owner.Node == Name
            ? await GiveUpAsync(resource, node)
            : await AskToMoveAsync(owner.Node, resource, node);
        if (!string.IsNullOrEmpty(refusal))
            return refusal;
        return await HasMovedAsync(resource, node, cancellationToken) ? null : $"resource {resource} has not begun at node {node} in time";
    }

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        CheckPort();
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Runs when the listeners are open.</summary>
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        _owners.BeginSole();
        // Not awaited: the store may be away for long, and what needs none is served meanwhile.
        _running = Task.Run(RunAsync, CancellationToken.None);
        _running.Observe();
        return Task.CompletedTask;
    }

    /// <summary>Runs before the drain: nobody leads clients here any more, or expects this node to take something over.</summary>
    public Task StoppingAsync(CancellationToken cancellationToken)
    {
        _table.Voice.Stop();
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _owners.LeaveAsync(TimeSpan.Zero); // done already, unless the host has no drain
        await _stopping.CancelAsync();
        await _running;
        await Silo.StopAsync();
    }

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
            return; // the container knows it by two names
        await _stopping.CancelAsync();
        _keeper.Dispose();
        _leases.Dispose();
        await _store.DisposeAsync();
        _stopping.Dispose();
    }

    private Task RunAsync() => Task.WhenAll(
        _join.RunAsync(_stopping.Token),
        _peers.RunAsync(_stopping.Token),
        _keeper.RunAsync(_stopping.Token),
        new StandstillWatch(_options.Cluster.Lease, LeaseClock.System, StoodStill).RunAsync(_stopping.Token));

    private void StoodStill(TimeSpan time)
    {
        if (_owners.HasHadTerms)
            _end.After(string.Create(CultureInfo.InvariantCulture, $"it stood still for {time.TotalSeconds:F1} s, longer than its leases last; other nodes have taken over"), GiveUpTime);
    }

    private async Task<string?> AskToMoveAsync(string owner, string resource, string node)
    {
        try
        {
            return _peers.Reach(owner) is { } link ? await link.MoveAsync(resource, node).WithinAsync(AnswerTime, _time) : $"node {owner}, its owner, cannot be reached";
        }
        catch (Exception exception) when (exception is TimeoutException or OrleansException)
        {
            return $"node {owner}, its owner, does not answer";
        }
    }

    /// <summary>The next owner is chosen among those whom this node knows to live, too.</summary>
    private async Task<string?> GiveUpAsync(string resource, string node)
    {
        _peers.Ask(node);
        return await _table.Directory.LivesAsync(node, HearTime, CancellationToken.None)
            ? _owners.Move(resource, node, _options.DrainTimeout)
            : $"node {node} does not answer {Name}, the owner of {resource}";
    }

    private async Task<bool> HasMovedAsync(string resource, string node, CancellationToken cancellationToken)
    {
        var start = _time.GetTimestamp();
        var limit = _options.DrainTimeout + _options.Cluster.Lease + _options.Cluster.Margin + TimeSpan.FromSeconds(2);
        while (_table.Directory.OwnerOf(resource)?.Node != node)
        {
            if (_time.GetElapsedTime(start) > limit)
                return false;
            await Task.Delay(TimeSpan.FromMilliseconds(20), _time, cancellationToken);
        }

        return true;
    }

    /// <summary>The silo opens its port later: what is in its way is told now, as for every other port.</summary>
    private void CheckPort()
    {
        var cluster = _options.Cluster;
        var address = NodeAddress.Of(cluster);
        try
        {
            using var probe = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            probe.Bind(new System.Net.IPEndPoint(address, cluster.NodePort));
            probe.Listen();
        }
        catch (SocketException exception)
        {
            throw new SocketSyncStartupException(
                [$"{ClusterOptions.Path}:{nameof(cluster.NodePort)}: '{cluster.NodePort}': cannot listen on {new System.Net.IPEndPoint(address, cluster.NodePort)}: {exception.Message}"]);
        }
    }

    private static NodeCertificates? CertificatesOf(ClusterOptions cluster, CertificatesInUse certificates, ILoggerFactory loggers)
    {
        if (cluster.Tls is not { } tls)
            return null;
        try
        {
            return new(tls, certificates, loggers.CreateLogger("SocketSync.Tls"));
        }
        catch (CertificateFileException exception)
        {
            throw new SocketSyncStartupException([$"{ClusterOptions.Path}:{nameof(cluster.Tls)}: {exception.Message}"]);
        }
    }

    private void AddServices(ISiloBuilder silo, IServiceProvider services)
    {
        silo.Services.AddSingleton(new HostServices(services));
        // Instances, so that the silo does not dispose of them when it ends.
        silo.Services.AddSingleton(_table.Voice).AddSingleton(_table.Directory).AddSingleton(_table.Choice).AddSingleton(_owners);
        silo.Services.AddSingleton<NodeLinkClient>();
        silo.Services.AddPlacementDirector<NodePlacement, NodePlacementDirector>();
        silo.Services.AddPlacementDirector<OwnerPlacement, OwnerPlacementDirector>();
        silo.AddGrainService<NodeLink>();
        silo.Services.AddSingleton<NodeDeskClient>();
        silo.AddGrainService<NodeDesk>();
    }
}
