using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;

namespace SocketSync;

/// <summary>Reaches the other nodes by way of their silos.</summary>
/// <param name="node">This node's name.</param>
/// <param name="silo">Its silo.</param>
/// <param name="move">Moves a resource to a node.</param>
internal sealed class ClusterView(string node, SiloHost silo, Func<string, string, CancellationToken, Task<string?>> move) : IClusterView
{
    private readonly Lock _sync = new();
    private IReadOnlyList<Life> _lives = [];
    private MembershipVersion _version = MembershipVersion.MinValue;
    private object? _silo;

    public string Node => node;

    public bool HasJoined => silo.Services is not null;

    public IReadOnlyCollection<NodeMember> Members => [.. Lives().Select(life => new NodeMember(life.Name, life.State))];

    public async Task<string> AskAsync(string name, string question, string argument, CancellationToken cancellationToken) =>
        await Abandonable(Reach(name).AskAsync(question, argument)).WaitAsync(cancellationToken);

    public async IAsyncEnumerable<string> ReadAsync(string name, string feed, string argument, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var reader = $"{Node}-{Guid.NewGuid():N}";
        var view = Reach(name);
        while (await Abandonable(view.ReadAsync(reader, feed, argument)).WaitAsync(cancellationToken) is { Length: > 0 } batch)
            yield return batch;
    }

    public Task<string?> MoveAsync(string resource, string target, CancellationToken cancellationToken) =>
        move(resource, target, cancellationToken);

    /// <exception cref="SiloUnavailableException">There is no such node.</exception>
    private INodeDesk Reach(string name)
    {
        if (silo.Services is { } services && Lives().FirstOrDefault(life => life.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) is { State: MemberState.Up } life)
            return services.GetRequiredService<NodeDeskClient>().Of(life.Address);
        throw new SiloUnavailableException($"Node {name} cannot be reached.");
    }

    /// <summary>The nodes; while this one is no member, those that were there when it was.</summary>
    private IReadOnlyList<Life> Lives()
    {
        if (silo.Services is not { } services)
            return _lives;
        var snapshot = services.GetRequiredService<IClusterMembershipService>().CurrentSnapshot;
        lock (_sync)
        {
            if (snapshot.Version != _version || !ReferenceEquals(_silo, services))
            {
                (_version, _silo) = (snapshot.Version, services);
                _lives = [.. snapshot.Members.Values.Where(member => member.Status != SiloStatus.None).GroupBy(member => member.Name, StringComparer.OrdinalIgnoreCase).Select(Of)];
            }

            return _lives;
        }
    }

    /// <summary>Of a node that was started anew, the younger life counts.</summary>
    private static Life Of(IGrouping<string, ClusterMember> lives)
    {
        var last = lives.OrderBy(life => life.Status != SiloStatus.Dead).ThenBy(life => life.SiloAddress.Generation).Last();
        var state = last.Status switch
        {
            SiloStatus.Active or SiloStatus.ShuttingDown or SiloStatus.Stopping => MemberState.Up,
            SiloStatus.Dead => MemberState.Gone,
            _ => MemberState.Joining,
        };
        return new(last.Name, last.SiloAddress, state);
    }

    /// <summary>A call whose end nobody waits for any more may fail unseen.</summary>
    private static Task<string> Abandonable(Task<string> call)
    {
        call.Forget();
        return call;
    }

    private sealed record Life(string Name, SiloAddress Address, MemberState State);
}
