using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// Looks each second, and whenever something has become known, whether each resource has an owner, and else sees to it. Every node
/// does so for every resource: a takeover needs no client, and no particular node.
/// </summary>
internal sealed partial class OwnershipKeeper(
    SiloHost silo, ResourceDirectory directory, OwnerChoice choice, ResourceOwners owners, TimeProvider time, ILogger<OwnershipKeeper> logger) : IDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    /// <summary>If Orleans cannot place a grain for so long, the nodes do without it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _news = new(0, 1);
    private readonly Dictionary<string, long> _unownedSince = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _touched = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _warned = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Something has become known.</summary>
    public void Wake()
    {
        try
        {
            if (_news.CurrentCount == 0)
                _news.Release();
        }
        catch (SemaphoreFullException)
        {
            // Somebody else has just done so.
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            if (silo.Services is not null && !directory.IsLeaving)
            {
                foreach (var resource in owners.Shared)
                    Look(resource);
            }

            try
            {
                await _news.WaitAsync(LookEvery, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    public void Dispose() => _news.Dispose();

    private void Look(string resource)
    {
        var owner = directory.OwnerOf(resource);
        if (owner is { Answers: true })
        {
            _unownedSince.Remove(resource);
            _warned.Remove(resource);
        }

        if (owner is null)
        {
            owners.LookNow(resource);
            Touch(resource);
            // Orleans may believe for a while that the grain lives on a node that has died.
            if (time.GetElapsedTime(_unownedSince[resource]) < Patience)
                return;
            owners.TryAcquire(resource);
            if (choice.Choose(resource, directory.Living()) is null && _warned.Add(resource))
                LogNobody(logger, resource);
        }
        else if (owner.Node == directory.Node)
        {
            return;
        }
        else if (owner is { Answers: true, IsLeaving: false })
        {
            owners.StopAcquiring(resource);
        }
        else
        {
            // Before the owner is known to be dead, its successor begins to watch the lease: that takes longest.
            owners.TryAcquire(resource);
        }
    }

    private void Touch(string resource)
    {
        _unownedSince.TryAdd(resource, time.GetTimestamp());
        lock (_touched)
        {
            if (!_touched.Add(resource))
                return;
        }

        if (!choice.IsSole(resource, out _))
            TouchAsync(resource).Observe();
    }

    private async Task TouchAsync(string resource)
    {
        try
        {
            if (silo.Grains is { } grains)
                await grains.GetGrain<IOwnership>(resource.ToUpperInvariant()).TouchAsync().WithinAsync(Patience, time);
        }
        catch (Exception)
        {
            // Tried again in a second; and if Orleans cannot place it at all, without Orleans.
        }
        finally
        {
            lock (_touched)
                _touched.Remove(resource);
        }
    }

    [LoggerMessage(432, LogLevel.Warning, "Resource {Resource} has no owner: none of the nodes that may own it is there")]
    private static partial void LogNobody(ILogger logger, string resource);
}
