using System.Net;

namespace SocketSync;

/// <summary>What this node says of itself to the others.</summary>
internal sealed class NodeVoice(ResourceDirectory directory, IPEndPoint forward, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ResourceClaim> _claims = new(StringComparer.OrdinalIgnoreCase);
    private readonly long _instance = time.GetUtcNow().ToUnixTimeMilliseconds();
    private long _version = 1;
    private NodeReport? _report;

    /// <summary>What this node knows of the others.</summary>
    public ResourceDirectory Directory { get; } = directory;

    /// <summary>Called, outside any lock, when there is something to tell the others at once.</summary>
    public Action? Spoke { get; set; }

    /// <summary>Moves a resource that this node owns; says what is against it.</summary>
    public Func<string, string, Task<string?>> Move { get; set; } = static (_, _) => Task.FromResult<string?>("the node is starting");

    public NodeReport Report()
    {
        lock (_lock)
        {
            return _report ??= new()
            {
                Node = Directory.Node,
                Instance = _instance,
                Version = _version,
                Forward = forward.ToString(),
                IsLeaving = Directory.IsLeaving,
                Resources = new Dictionary<string, ResourceClaim>(_claims, StringComparer.OrdinalIgnoreCase),
            };
        }
    }

    /// <summary>A term of this node has begun.</summary>
    public void Begin(string resource, long epoch) => Claim(resource, new(epoch));

    /// <summary>This node is about to give a resource up.</summary>
    public void Leave(string resource, long epoch, string? successor) => Claim(resource, new(epoch, IsLeaving: true, successor));

    /// <summary>This node's term is over.</summary>
    public void End(string resource, long epoch)
    {
        lock (_lock)
        {
            _claims.Remove(resource);
            Change();
        }

        Directory.Lose(resource, epoch);
        Spoke?.Invoke();
    }

    /// <summary>This node is stopping: it takes nothing over, and gives up what it has.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            Directory.IsLeaving = true;
            Change();
        }

        Spoke?.Invoke();
    }

    private void Claim(string resource, ResourceClaim claim)
    {
        lock (_lock)
        {
            _claims[resource] = claim;
            Change();
        }

        Directory.Own(resource, claim.Epoch, claim.IsLeaving);
        Spoke?.Invoke();
    }

    private void Change()
    {
        _version++;
        _report = null;
    }
}
