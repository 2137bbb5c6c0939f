using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Configuration;
using Orleans.Runtime;

namespace SocketSync;

/// <summary>
/// This node's Orleans silo. It is a host of its own inside the server's: so it starts when the store can be reached, however late,
/// starts anew when the store has lost who is a member, and the server's start does not hang on it.
/// </summary>
/// <param name="settings">What the silo is made from.</param>
/// <param name="loggers">The server's loggers.</param>
/// <param name="died">Told when the silo, a member by then, cannot go on: the process may not, either.</param>
internal sealed class SiloHost(SiloSettings settings, ILoggerFactory loggers, Action<string> died)
{
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(2);

    private RunningSilo? _silo;
    private Task _former = Task.CompletedTask;

    /// <summary>The silo's services, while it is a member of the cluster.</summary>
    public IServiceProvider? Services => _silo?.Host.Services;

    /// <summary>Calls grains, while the silo is a member of the cluster.</summary>
    public IGrainFactory? Grains => Services?.GetRequiredService<IGrainFactory>();

    /// <summary>Joins the cluster.</summary>
    /// <exception cref="Exception">It has not come to that; nothing is left of the attempt.</exception>
    public async Task StartAsync(byte[] secret, CancellationToken cancellationToken)
    {
        // Two of them would share the port, each getting some of the connections: Orleans listens with SO_REUSEPORT.
        try
        {
            await _former.WaitAsync(StartTime, cancellationToken);
        }
        catch (TimeoutException exception)
        {
            throw new OrleansException("this node's former silo has not ended yet", exception);
        }

        var failed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        // One that dies before it has joined has done nothing yet that others could rely on: it is simply started again.
        var life = new SiloDeath(why =>
        {
            if (!failed.TrySetException(new OrleansException(why)))
                died(why);
        });
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(StartTime);
        var silo = new RunningSilo(Build(secret, life), life);
        var starting = Task.CompletedTask;
        try
        {
            var services = silo.Host.Services;
            var members = await MemberProbe.RunAsync(services.GetRequiredService<IMembershipTable>(), settings, secret, limit.Token);
            ((SiloIdentity)services.GetRequiredService<ILocalSiloDetails>()).Follow(members);
            starting = silo.Host.StartAsync(limit.Token);
            var waiting = starting.WaitAsync(limit.Token);
            // What becomes of a start that nobody waits for any more is of no interest.
            foreach (var task in (Task[])[starting, waiting, failed.Task])
                task.Forget();
            await await Task.WhenAny(waiting, failed.Task);
            if (!failed.TrySetResult())
                await failed.Task;
        }
        catch
        {
            life.GiveUp();
            // What is stopped while it starts leaves what it has started running.
            await limit.CancelAsync();
            await starting.WaitAsync(StopTime, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await StopAsync(silo);
            throw;
        }

        _silo = silo;
    }

    /// <summary>Leaves the cluster; if that takes too long, the others will find out.</summary>
    public async Task StopAsync()
    {
        if (Interlocked.Exchange(ref _silo, null) is { } silo)
            await StopAsync(silo);
    }

    /// <summary>Gives up a silo that the cluster does not know any more: there is nothing left to leave.</summary>
    public Task AbandonAsync()
    {
        _silo?.Death.GiveUp();
        return StopAsync();
    }

    private async Task StopAsync(RunningSilo silo)
    {
        silo.Death.Expect();
        // Not awaited beyond its time: a store that does not answer holds it up, and nothing is lost by that.
        _former = Task.Run(() => StopAndDisposeAsync(silo));
        await Task.WhenAny(_former, Task.Delay(StopTime));
        silo.Death.GiveUp();
    }

    private static async Task StopAndDisposeAsync(RunningSilo silo)
    {
        using var cut = new CancellationTokenSource(StopTime);
        await TryAsync(() => silo.Host.StopAsync(cut.Token));
        // Orleans refuses to stop what has not come as far as to run, and leaves it as it is: with its port, and with its timers.
        if (!silo.Host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStarted.IsCancellationRequested)
            await TryAsync(() => silo.Host.Services.GetRequiredService<ISiloLifecycleSubject>().OnStop(cut.Token));
        await TryAsync(async () => await ((IAsyncDisposable)silo.Host).DisposeAsync());

        static async Task TryAsync(Func<Task> end)
        {
            try
            {
                await end();
            }
            catch (Exception)
            {
                // It has been told to the silo's log; there is nobody else who could do something about it.
            }
        }
    }

    private IHost Build(byte[] secret, SiloDeath life)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new() { ApplicationName = "SocketSync.Cluster", DisableDefaults = true });
        builder.Services.AddSingleton<ILoggerFactory>(new SiloLoggers(loggers));
        builder.UseOrleans(silo => Configure(silo, secret, life));
        return builder.Build();
    }

    private void Configure(ISiloBuilder silo, byte[] secret, SiloDeath life)
    {
        var cluster = settings.Cluster;
        silo.Configure<SiloOptions>(options => options.SiloName = cluster.Node!);
        silo.Configure<Orleans.Configuration.ClusterOptions>(options => options.ClusterId = options.ServiceId = cluster.Id);
        silo.Configure<EndpointOptions>(options =>
        {
            options.AdvertisedIPAddress = NodeAddress.Of(cluster);
            options.SiloPort = cluster.NodePort;
            options.GatewayPort = 0; // no clients of Orleans
            options.SiloListeningEndpoint = new IPEndPoint(options.AdvertisedIPAddress, cluster.NodePort);
        });
        silo.Configure<ClusterMembershipOptions>(Limit);
        silo.Configure<SiloConnectionOptions>(options => NodeConnections.Secure(options, settings.Tls, secret, loggers));
        silo.Services.AddSingleton<IFatalErrorHandler>(life);
        silo.Services.Replace(ServiceDescriptor.Singleton<ILocalSiloDetails>(new SiloIdentity(cluster)));
        settings.UseMembership(silo);
        SiloMembership.Wrap(silo.Services, life);
        settings.AddServices(silo);
    }

    private static void Limit(ClusterMembershipOptions options)
    {
        var probe = TimeSpan.FromSeconds(1);
        options.NumMissedProbesLimit = 2;
        // Not less for who has answered fast: of two nodes one alone can declare the other dead, and a busy machine stalls for half a second.
        (options.ProbeTimeout, options.MaxProbeTimeout, options.MinProbeTimeout) = (probe, probe, probe);
        // With it on, a stopped process was never declared dead: its kernel keeps the connections up.
        options.EnableConnectionLivenessCheck = false;
        // How soon a node finds that it was declared dead while it could not be told.
        options.TableRefreshTimeout = TimeSpan.FromSeconds(5);
        // A node that starts waits for the answers of those that were alive so lately; most likely they died with it.
        options.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(5);
        options.MaxJoinAttemptTime = StartTime;
        // These go by the wall clock. A member whose clock is ahead would declare everybody dead who is about to join, take whom it does not
        // know yet for retired, and forget the dead at once.
        options.EvictWhenMaxJoinAttemptTimeExceeded = false;
        options.SiloGenerationRetirementAge = null;
        options.DefunctSiloExpiration = options.DefunctSiloMinimumRetention = TimeSpan.FromDays(1);
    }

    private sealed record RunningSilo(IHost Host, SiloDeath Death);
}

/// <summary>What a silo is made from.</summary>
/// <param name="Cluster">The section of the configuration.</param>
/// <param name="Tls">How the nodes know each other, if it is by certificates.</param>
/// <param name="UseMembership">Adds the table of the members.</param>
/// <param name="AddServices">Adds the grains' services.</param>
internal sealed record SiloSettings(
    ClusterOptions Cluster, NodeCertificates? Tls, Action<ISiloBuilder> UseMembership, Action<ISiloBuilder> AddServices);
