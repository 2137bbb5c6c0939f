using System.Reflection;

namespace SocketSync;

/// <summary>What the page says of the server itself.</summary>
/// <param name="Version">The version of SocketSync.</param>
/// <param name="Uptime">For how long the host has been there.</param>
/// <param name="Listeners">Where clients reach it.</param>
internal sealed record ServerView(string Version, TimeSpan Uptime, IReadOnlyList<ListenerView> Listeners)
{
    // A host of somebody's own has a version of its own. What follows the plus sign is the commit.
    private static readonly string ThisVersion =
        (typeof(ServerView).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "").Split('+')[0];

    public static ServerView Of(Topology topology, TimeSpan uptime) => new(
        ThisVersion,
        uptime,
        [.. topology.Bound.EndPoints.Where(endPoint => !endPoint.IsForward).Select(endPoint => ListenerView.Of(endPoint, topology.Listeners[endPoint.Name]))]);
}

/// <summary>When the host was made: it listens a moment later.</summary>
internal sealed class ServerStart(TimeProvider time)
{
    private readonly long _at = time.GetTimestamp();

    public TimeSpan Uptime => time.GetElapsedTime(_at);
}

/// <summary>A listener: where it is, what it speaks, whom it leads to, and how many clients it has and had.</summary>
internal sealed record ListenerView(
    string Name, string Address, string Protocol, string Resources, int Connections, long Accepted, long Rejected)
{
    public static ListenerView Of(ListenerEndPoint endPoint, ListenerState listener) => new(
        listener.Name,
        AddressOf(endPoint.Address, endPoint.Port),
        $"{listener.Options.Protocol?.Name}{(endPoint.IsDatagram ? " over UDP" : listener.Options.Tls is not null ? " over TLS" : null)}",
        ResourcesOf(listener),
        listener.ConnectionCount,
        listener.Accepted,
        listener.Rejected);

    /// <summary>The names of the resources to which a listener leads.</summary>
    public static string ResourcesOf(ListenerState listener) => string.Join(", ", listener.Routes.Select(route => route.Resource.Name));

    public static string AddressOf(ListenerBinding binding, int? port) =>
        binding.UnixSocket ?? (binding.Address.Contains(':', StringComparison.Ordinal) ? $"[{binding.Address}]:{port}" : $"{binding.Address}:{port}");
}
