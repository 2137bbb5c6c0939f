using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace SocketSync;

/// <summary>
/// The nodes that share resources, and this one among them. Without <see cref="Node"/> the server is alone, and nothing of the
/// cluster is loaded.
/// </summary>
internal sealed record ClusterOptions
{
    /// <summary>The path of this section, for messages.</summary>
    public const string Path = $"{SocketSyncOptions.SectionName}:{nameof(SocketSyncOptions.Cluster)}";

    /// <summary>This server's name among the nodes.</summary>
    [NodeName]
    public string? Node { get; init; }

    /// <summary>The cluster's name: nodes with the same one share their resources. Several clusters may use one store.</summary>
    [NodeName]
    public string Id { get; init; } = "socketsync";

    public ClusterStoreOptions Store { get; init; } = new();

    /// <summary>The IP address at which the other nodes reach this one; by default its first address that is not loopback.</summary>
    [NodeAddress]
    public string? Address { get; init; }

    /// <summary>Where the nodes talk to each other.</summary>
    [Range(1, 65535)]
    public int NodePort { get; init; } = 11111;

    /// <summary>Where this node takes the clients of other nodes.</summary>
    [Range(1, 65535)]
    public int ForwardPort { get; init; } = 11112;

    /// <summary>TLS on both ports, in both directions; required unless <see cref="Address"/> is loopback.</summary>
    public ClusterTlsOptions? Tls { get; init; }

    /// <summary>How long a node owns a resource without having renewed it.</summary>
    [Duration]
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How much longer another node waits before it takes a resource over, for clocks that run at different speeds.</summary>
    [Duration]
    public TimeSpan Margin { get; init; } = TimeSpan.FromMilliseconds(500);
}

/// <summary>Where the nodes keep who owns what; exactly one is given.</summary>
internal sealed record ClusterStoreOptions
{
    /// <summary>The addresses of a Redis server, as StackExchange.Redis takes them.</summary>
    [Secret, NotEmpty]
    public string? Redis { get; init; }

    /// <summary>A connection string of PostgreSQL, as Npgsql takes it.</summary>
    [Secret, NotEmpty]
    public string? Postgres { get; init; }
}

/// <summary>The certificates by which nodes know each other.</summary>
internal sealed record ClusterTlsOptions
{
    /// <summary>This node's certificate, which it shows as a server and as a client.</summary>
    public CertificateOptions? Certificate { get; init; }

    /// <summary>The path of a PEM file with the certificates of the authority that signs those of the nodes.</summary>
    [NotEmpty]
    public string? Authority { get; init; }
}

/// <summary>A name that can stand in a connection's id, a key of the store and a metric's label.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class NodeNameAttribute : ValidationAttribute
{
    public const int MaxLength = 40;

    public override bool IsValid(object? value) =>
        value is string { Length: > 0 and <= MaxLength } text && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');

    public override string FormatErrorMessage(string name) =>
        $"must be 1 to {MaxLength} letters of A to Z, digits, dots, underscores and hyphens";
}

/// <summary>An IP address of this machine.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class NodeAddressAttribute : ValidationAttribute
{
    public override bool IsValid(object? value) =>
        value is string text && ListenAddress.IsValidHost(text) && IPAddress.TryParse(text, out var address)
        && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any);

    public override string FormatErrorMessage(string name) => "must be an IP address of this machine, at which the other nodes reach it";
}

/// <summary>The address at which the other nodes reach this one.</summary>
internal static class NodeAddress
{
    /// <summary>The configured address; else the first of this machine that is not loopback, IPv4 before IPv6; else loopback.</summary>
    public static IPAddress Of(ClusterOptions cluster) =>
        cluster.Address is { } given ? IPAddress.Parse(given)
        : Own().OrderBy(address => address.AddressFamily == AddressFamily.InterNetwork ? 0 : 1).FirstOrDefault(IPAddress.Loopback);

    private static IEnumerable<IPAddress> Own() =>
        from network in NetworkInterface.GetAllNetworkInterfaces()
        where network.OperationalStatus == OperationalStatus.Up && network.NetworkInterfaceType != NetworkInterfaceType.Loopback
        from address in network.GetIPProperties().UnicastAddresses
        where address.Address.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6
            && !IPAddress.IsLoopback(address.Address) && !address.Address.IsIPv6LinkLocal
        select address.Address;
}

/// <summary>Validates what must hold between the keys of the cluster, and what its resources and listeners may be.</summary>
internal sealed class ClusterRules(ConfigurationFindings findings)
{
    public void Check(SocketSyncOptions options)
    {
        CheckNodes(options);
        if (options.Cluster.Node is null)
            return;
        CheckStore(options.Cluster.Store);
        CheckTls(options.Cluster);
        CheckTimes(options.Cluster);
        CheckRoutes(options);
    }

    private void CheckNodes(SocketSyncOptions options)
    {
        foreach (var (name, resource) in options.Resources.Where(resource => resource.Value.Nodes.Count > 0))
        {
            var key = $"{SocketSyncOptions.SectionName}:{nameof(options.Resources)}:{name}:{nameof(resource.Nodes)}";
            if (options.Cluster.Node is null && !findings.IsFaultyBelow(ClusterOptions.Path))
                findings.Report(key, string.Join(", ", resource.Nodes), $"is for a server that is one of several: {ClusterOptions.Path}:{nameof(ClusterOptions.Node)} names it");
        }
    }

    private void CheckStore(ClusterStoreOptions store)
    {
        var key = $"{ClusterOptions.Path}:{nameof(ClusterOptions.Store)}";
        if (!findings.IsFaultyBelow(key) && (store.Redis is null) == (store.Postgres is null))
            findings.Report(key, null, $"must have exactly one of {nameof(store.Redis)} and {nameof(store.Postgres)}");
    }

    private void CheckTls(ClusterOptions cluster)
    {
        var key = $"{ClusterOptions.Path}:{nameof(cluster.Tls)}";
        if (cluster.Tls is not { } tls)
        {
            if (!findings.IsFaulty($"{ClusterOptions.Path}:{nameof(cluster.Address)}") && !IPAddress.IsLoopback(NodeAddress.Of(cluster)))
                findings.Report(key, null, $"must be given, since {nameof(cluster.Address)} ({NodeAddress.Of(cluster)}) is not loopback: whoever reached the node's ports could use its devices");
            return;
        }

        if (tls.Authority is { } authority)
            TlsRules.CheckAuthority(findings, $"{key}:{nameof(tls.Authority)}", authority);
        else if (!findings.IsFaulty($"{key}:{nameof(tls.Authority)}"))
            findings.Report($"{key}:{nameof(tls.Authority)}", null, "must be given: the path of a PEM file with the certificates of the authority that signs those of the nodes");
        if (!string.IsNullOrEmpty(tls.Certificate?.Path))
            TlsRules.CheckCertificate(findings, $"{key}:{nameof(tls.Certificate)}", tls.Certificate);
        else if (!findings.IsFaultyBelow($"{key}:{nameof(tls.Certificate)}"))
            findings.Report($"{key}:{nameof(tls.Certificate)}", null, "must be given: this node's certificate and key");
    }

    private void CheckTimes(ClusterOptions cluster)
    {
        if (findings.IsFaulty($"{ClusterOptions.Path}:{nameof(cluster.Lease)}") || findings.IsFaulty($"{ClusterOptions.Path}:{nameof(cluster.Margin)}"))
            return;
        var least = TimeSpan.FromSeconds(1);
        if (cluster.Lease < least)
            findings.Report($"{ClusterOptions.Path}:{nameof(cluster.Lease)}", Text(cluster.Lease), "must be at least 00:00:01: it is renewed every quarter of that");
    }

    // A client of such a listener is served by one node, so that its replies keep their order.
    private void CheckRoutes(SocketSyncOptions options)
    {
        foreach (var (name, listener) in options.Listeners.Where(listener => listener.Value.Routes.Count > 0))
        {
            var owners = listener.ResourceNames().Where(options.Resources.ContainsKey).Select(resource => options.Resources[resource].Nodes).ToList();
            if (owners.Count == 0 || owners.All(nodes => nodes.Count == 1 && nodes[0].Equals(owners[0][0], StringComparison.Ordinal)))
                continue;
            var key = $"{SocketSyncOptions.SectionName}:{nameof(options.Listeners)}:{name}:{nameof(listener.Routes)}";
            findings.Report(key, null, $"must lead to resources that all have the same single node in {nameof(ResourceOptions.Nodes)}, since a client is served by one node");
        }
    }

    private static string Text(TimeSpan time) => time.ToString("c", CultureInfo.InvariantCulture);
}
