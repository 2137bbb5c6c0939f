using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;

namespace SocketSync;

/// <summary>
/// Asks the other nodes what they own, and so whether they live; tells them at once what changes here. Whom to ask, and who is
/// dead for sure, it has from Orleans.
/// </summary>
internal sealed class PeerWatch(SiloHost silo, ResourceDirectory directory, NodeVoice voice, TimeProvider time)
{
    private static readonly TimeSpan AskEvery = TimeSpan.FromMilliseconds(500);

    /// <summary>Who has not answered for so long is suspected: others prepare to take over from it.</summary>
    private static readonly TimeSpan AnswerTime = TimeSpan.FromMilliseconds(700);

    private readonly HashSet<SiloAddress> _asked = [];
    private readonly Lock _lock = new();

    /// <summary>Asks and listens until the silo leaves.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            if (silo.Services is { } services)
            {
                foreach (var peer in Peers(services))
                    AskAsync(services, peer).Observe();
            }

            await Task.Delay(AskEvery, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Tells all other nodes what this one owns, and waits until they know it, or are too slow.</summary>
    public async Task TellAsync()
    {
        if (silo.Services is not { } services)
            return;
        var report = voice.Report().ToJson();
        await Task.WhenAll(Peers(services).Select(peer => TellAsync(services, peer, report)));
    }

    /// <summary>Asks a node at once.</summary>
    public void Ask(string node)
    {
        if (silo.Services is { } services && Peers(services).FirstOrDefault(peer => peer.Name.Equals(node, StringComparison.Ordinal)) is { } peer)
            AskAsync(services, peer).Observe();
    }

    /// <summary>How to call a node; <see langword="null"/> if it is not there.</summary>
    public INodeLink? Reach(string node) =>
        silo.Services is { } services && Peers(services).FirstOrDefault(peer => peer.Name.Equals(node, StringComparison.Ordinal)) is { } peer
            ? services.GetRequiredService<NodeLinkClient>().Of(peer.Address)
            : null;

    private List<Peer> Peers(IServiceProvider services)
    {
        var members = services.GetRequiredService<IClusterMembershipService>().CurrentSnapshot.Members.Values
            .Where(member => !directory.Node.Equals(member.Name, StringComparison.Ordinal))
            .ToList();
        var peers = members
            .Where(member => member.Status is SiloStatus.Active or SiloStatus.ShuttingDown or SiloStatus.Stopping)
            .GroupBy(member => member.Name, StringComparer.Ordinal)
            .Select(lives => new Peer(lives.Key, lives.MaxBy(life => life.SiloAddress.Generation)!.SiloAddress)) // after a restart, the younger one lives
            .ToList();
        foreach (var dead in members.Where(member => member.Status == SiloStatus.Dead).Select(member => member.Name).Distinct(StringComparer.Ordinal))
        {
            if (!members.Any(member => member.Status != SiloStatus.Dead && member.Name.Equals(dead, StringComparison.Ordinal)))
                directory.Gone(dead);
        }

        return peers;
    }

    private async Task AskAsync(IServiceProvider services, Peer peer)
    {
        lock (_lock)
        {
            if (!_asked.Add(peer.Address))
                return;
        }

        try
        {
            var (instance, version) = directory.KnownOf(peer.Name);
            var answer = await services.GetRequiredService<NodeLinkClient>().Of(peer.Address).AskAsync(instance, version).WithinAsync(AnswerTime, time);
            if (NodeReport.OfJson(answer) is { } report)
                directory.Learn(report, isOfItsLastLife: Peers(services).Any(now => now.Address.Equals(peer.Address)));
            else
                directory.Heard(peer.Name, answers: true);
        }
        catch (Exception)
        {
            // Whatever it was, the node cannot be asked: dead, stopped or cut off. Unless it is this silo that ends: then nothing is known.
            if (silo.Services == services)
                directory.Heard(peer.Name, answers: false);
        }
        finally
        {
            lock (_lock)
                _asked.Remove(peer.Address);
        }
    }

    private async Task TellAsync(IServiceProvider services, Peer peer, byte[] report)
    {
        try
        {
            await services.GetRequiredService<NodeLinkClient>().Of(peer.Address).TellAsync(report).WithinAsync(AnswerTime, time);
        }
        catch (Exception)
        {
            // It will ask.
        }
    }

    private sealed record Peer(string Name, SiloAddress Address);
}
