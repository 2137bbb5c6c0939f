using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;

namespace SocketSync;

/// <summary>
/// Makes this node a member of the cluster, however often it takes, and again when the store has lost that it is one.
/// </summary>
internal sealed partial class ClusterJoin(
    SiloHost silo, ClusterStore store, SocketSyncOptions options, ForwardSecret forward, ProcessEnd end, TimeProvider time, ILogger<ClusterJoin> logger)
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    /// <summary>A node that was killed and started anew elsewhere finds its former life in the table for about so long.</summary>
    private static readonly TimeSpan FormerLife = TimeSpan.FromSeconds(15);

    /// <summary>So long the others get to start, when all are started at once.</summary>
    private static readonly TimeSpan Newcomers = TimeSpan.FromSeconds(5);

    private bool _hasWarned;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var told = new HashSet<string>(StringComparer.Ordinal);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await JoinAsync(cancellationToken);
                LogJoined(logger, options.Cluster.Node!, options.Cluster.Id);
                told.Clear();
                await WatchAsync(cancellationToken);
                LogLost(logger);
                await silo.AbandonAsync();
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                // Each problem once, for as long as it lasts.
                var problem = (exception is System.Security.Authentication.AuthenticationException ? exception : exception.GetBaseException()).Message.ReplaceLineEndings(" ");
                if (told.Add(problem))
                    LogCannotJoin(logger, problem);
                await silo.StopAsync();
            }

            await Task.Delay(RetryAfter, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task JoinAsync(CancellationToken cancellationToken)
    {
        await store.OpenAsync(cancellationToken);
        var secret = await store.GetSecretAsync(cancellationToken);
        forward.Set(secret);
        await store.AddKnownNodeAsync(options.Cluster.Node!, cancellationToken);
        if (options.Cluster.Store.Postgres is { } postgres)
            await PostgresMembership.EnsureAsync(postgres, cancellationToken);
        await silo.StartAsync(secret, cancellationToken);
    }

    /// <summary>A mistyped name would leave a resource without an owner for ever.</summary>
    private async Task WarnOfUnknownAsync(CancellationToken cancellationToken)
    {
        if (_hasWarned)
            return;
        _hasWarned = true;
        IReadOnlyCollection<string> known;
        try
        {
            known = await store.GetKnownNodesAsync(cancellationToken);
        }
        catch (ClusterStoreException)
        {
            _hasWarned = false;
            return;
        }

        foreach (var (resource, settings) in options.Resources)
        {
            foreach (var node in settings.Nodes.Where(node => !known.Contains(node, StringComparer.Ordinal)))
                LogUnknownNode(logger, resource, node);
        }
    }

    /// <summary>Returns when the table of the members does not know this node any more.</summary>
    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        var services = silo.Services!;
        var table = services.GetRequiredService<IMembershipTable>();
        var own = services.GetRequiredService<ILocalSiloDetails>().SiloAddress;
        var since = time.GetTimestamp();
        var failures = 0;
        while (true)
        {
            await Task.Delay(LookEvery, time, cancellationToken);
            if (time.GetElapsedTime(since) > Newcomers)
                await WarnOfUnknownAsync(cancellationToken);
            var members = await ReadAsync(table);
            if (members is null)
            {
                // Orleans takes a table that is not there for an error like any other, and goes on without one.
                failures = await IsThereAsync(cancellationToken) ? failures + 1 : 0;
                if (failures >= 2)
                    return;
                continue;
            }

            failures = 0;
            if (members.TryGet(own)?.Item1 is not { } entry)
                return;
            if (entry.Status == SiloStatus.Dead)
                end.After("the other nodes have declared this one dead", TimeSpan.FromSeconds(1));
            if (time.GetElapsedTime(since) > FormerLife && OlderNamesake(members, own) is { } other)
                end.After($"another server is node {options.Cluster.Node} too, at {other.Endpoint}; each needs a name of its own", TimeSpan.FromSeconds(1));
        }
    }

    private static async Task<MembershipTableData?> ReadAsync(IMembershipTable table)
    {
        try
        {
            return await table.ReadAllAsync(CancellationToken.None);
        }
        catch (Exception)
        {
            // The store is away, which those who need it tell.
            return null;
        }
    }

    private async Task<bool> IsThereAsync(CancellationToken cancellationToken)
    {
        try
        {
            await store.GetKnownNodesAsync(cancellationToken);
            return true;
        }
        catch (ClusterStoreException)
        {
            return false;
        }
    }

    private SiloAddress? OlderNamesake(MembershipTableData members, SiloAddress own) => members.Members
        .Select(member => member.Item1)
        .FirstOrDefault(member => member.Status == SiloStatus.Active && !member.SiloAddress.Equals(own)
            && member.SiloAddress.Generation < own.Generation && options.Cluster.Node!.Equals(member.SiloName, StringComparison.Ordinal))?.SiloAddress;

    [LoggerMessage(433, LogLevel.Information, "This server is node {Node} of cluster {Cluster}")]
    private static partial void LogJoined(ILogger logger, string node, string cluster);

    [LoggerMessage(434, LogLevel.Warning, "The cluster cannot be joined yet: {Problem}")]
    private static partial void LogCannotJoin(ILogger logger, string problem);

    [LoggerMessage(435, LogLevel.Warning, "The cluster's store has lost who is a member; this node joins again")]
    private static partial void LogLost(ILogger logger);

    [LoggerMessage(436, LogLevel.Warning, "Resource {Resource} may be owned by node {Node}, which no server has been yet: is the name right?")]
    private static partial void LogUnknownNode(ILogger logger, string resource, string node);
}
