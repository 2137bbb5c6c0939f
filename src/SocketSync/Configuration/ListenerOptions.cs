using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text;

namespace SocketSync;

/// <summary>The settings of a listener. Changes need a restart.</summary>
public sealed record ListenerOptions
{
    internal const int DefaultPort = 56780;

    /// <summary>An IP address, "localhost" or "*"; <c>SocketSync:DefaultAddress</c> when not given.</summary>
    [ListenAddress]
    public string? Address { get; init; }

    /// <summary>1 to 65535; 0 picks a free port.</summary>
    [Range(0, 65535)]
    public int Port { get; init; } = DefaultPort;

    /// <summary>The path of a Unix socket, which replaces address and port.</summary>
    public string? UnixSocket { get; init; }

    /// <summary>The rights of the Unix socket's file, such as "0660"; what the umask leaves if not set.</summary>
    [UnixSocketMode]
    public string? UnixSocketMode { get; init; }

    /// <summary>Whether clients connect, or send each request as a datagram of its own.</summary>
    public SocketTransport Transport { get; init; } = SocketTransport.Stream;

    /// <summary>Whether clients ask, or only watch what the device says.</summary>
    public ListenerRole Role { get; init; } = ListenerRole.Client;

    /// <summary>Whether watchers get what is said to the device too, each line or frame whole.</summary>
    public bool Both { get; init; }

    /// <summary>Whether clients speak telnet, and may set the serial line behind the resource for their turns (RFC 2217).</summary>
    public bool Telnet { get; init; }

    /// <summary>The resource's name; the listener's own name if not set.</summary>
    public string? Resource { get; init; }

    /// <summary>Modbus: which resource serves which units, instead of <see cref="Resource"/>.</summary>
    public IReadOnlyList<RouteOptions> Routes { get; init; } = [];

    /// <summary>The clients' protocol; the protocol of the resource, or of the first one of <see cref="Routes"/>, if not set.</summary>
    public ProtocolOptions? Protocol { get; init; }

    /// <summary>Which class the requests of its clients wait in.</summary>
    public Priority Priority { get; init; } = Priority.Normal;

    /// <summary>Maximum number of clients; a further one is closed at once.</summary>
    [Range(1, int.MaxValue)]
    public int MaxConnections { get; init; } = 1000;

    /// <summary>Maximum number of connections per client address; 0 sets no limit.</summary>
    [Range(0, int.MaxValue)]
    public int MaxConnectionsPerAddress { get; init; }

    /// <summary>Allowed client networks in CIDR notation; empty allows all.</summary>
    [Network]
    public IReadOnlyList<string> AllowedNetworks { get; init; } = [];

    /// <summary>Closes a connection that begins no request for this long. 0 turns it off.</summary>
    [Duration(ZeroIsOff = true)]
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Timeout from the first byte of a request to its last.</summary>
    [Duration]
    public TimeSpan FrameTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Closes a connection whose client does not accept a reply within this time.</summary>
    [Duration]
    public TimeSpan SendTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Whether each connection begins with a PROXY protocol header. Without one within FrameTimeout it is closed.
    /// </summary>
    public bool ProxyProtocol { get; init; }

    /// <summary>Networks in CIDR notation that may send a PROXY header; required with <see cref="ProxyProtocol"/>.</summary>
    [Network]
    public IReadOnlyList<string> TrustedProxies { get; init; } = [];

    /// <summary>TLS settings of the listener; none by default.</summary>
    public TlsOptions? Tls { get; init; }

    /// <summary>The names of the resources that the clients reach, each once.</summary>
    internal IEnumerable<string> ResourceNames() =>
        Routes.Count == 0 ? [Resource!] : Routes.Select(route => route.Resource).OfType<string>().Distinct(StringComparer.OrdinalIgnoreCase);
}

/// <summary>How clients reach a listener.</summary>
public enum SocketTransport
{
    /// <summary>By connections: TCP, or a Unix stream socket.</summary>
    Stream,

    /// <summary>By datagrams: UDP, or a Unix datagram socket.</summary>
    Datagram,
}

/// <summary>What the clients of a listener may do.</summary>
public enum ListenerRole
{
    /// <summary>They ask, take turns and are answered.</summary>
    Client,

    /// <summary>They see what the device says, and can say nothing to it.</summary>
    Watcher,
}

/// <summary>Validates the keys of a listener against each other, and listeners against each other.</summary>
internal sealed class ListenerRules(ConfigurationFindings findings)
{
    // The path length of a sockaddr_un on Linux, without the terminating zero.
    private const int LongestSocketPath = 107;

    public void Check(SocketSyncOptions options)
    {
        var earlier = new Dictionary<string, List<(string Name, ListenerOptions Listener)>>(StringComparer.Ordinal);
        foreach (var (name, listener) in options.Listeners)
        {
            var path = PathOf(name);
            if (listener.Routes.Count == 0 && !findings.IsFaultyBelow($"{path}:{nameof(listener.Routes)}"))
                CheckResource(path, listener, options);
            else
                new RouteRules(findings).Check(path, listener, options);
            CheckProtocol(path, listener);
            CheckUnixSocket(path, listener);
            CheckProxies(path, listener);
            CheckDatagrams(path, listener, options);
            TlsRules.Check(findings, $"{path}:{nameof(listener.Tls)}", listener.Tls);
            CheckPlace(path, name, listener, earlier);
        }
    }

    private static string PathOf(string name) => $"{SocketSyncOptions.SectionName}:{nameof(SocketSyncOptions.Listeners)}:{name}";

    private void CheckResource(string path, ListenerOptions listener, SocketSyncOptions options)
    {
        if (options.Resources.ContainsKey(listener.Resource!)) return;
        var key = $"{path}:{nameof(listener.Resource)}";
        var allowed = ConfigurationValue.OneOf(listener.Resource!, options.Resources.Keys);
        findings.Report(key, listener.Resource, findings.IsGiven(key) ? allowed : $"the listener's own name, as none is given, is no resource; {allowed}");
    }

    private void CheckProtocol(string path, ListenerOptions listener)
    {
        var protocol = $"{path}:{nameof(listener.Protocol)}";
        if (!findings.IsGivenBelow(protocol)) return;
        if (findings.IsGiven($"{protocol}:Name")) ProtocolRules.Check(findings, protocol, listener.Protocol!);
        else findings.Report($"{protocol}:Name", null, "must be given; a listener's protocol takes nothing from the resource's");
    }

    private void CheckUnixSocket(string path, ListenerOptions listener)
    {
        if (listener.UnixSocket is null)
        {
            if (listener.UnixSocketMode is not null)
                findings.Report($"{path}:{nameof(listener.UnixSocketMode)}", listener.UnixSocketMode, "is for a listener with UnixSocket");
            return;
        }

        var key = $"{path}:{nameof(listener.UnixSocket)}";
        if (Encoding.UTF8.GetByteCount(listener.UnixSocket) > LongestSocketPath || listener.UnixSocket.Contains('\0', StringComparison.Ordinal))
            findings.Report(key, listener.UnixSocket, $"must be a path of at most {LongestSocketPath} bytes");

        string[] others = [nameof(listener.Address), nameof(listener.Port), $"{nameof(listener.AllowedNetworks)}:0"];
        foreach (var other in others.Select(o => $"{path}:{o}").Where(findings.IsGiven))
            findings.Report(other, findings.Values[other], "must not be given with UnixSocket, which has no address");
    }

    private void CheckProxies(string path, ListenerOptions listener)
    {
        if (!listener.ProxyProtocol) return;
        var trusted = $"{path}:{nameof(listener.TrustedProxies)}";
        if (listener.UnixSocket is not null)
            findings.Report($"{path}:{nameof(listener.ProxyProtocol)}", "true", "must be false with UnixSocket, whose clients have no address that TrustedProxies could name");
        else if (listener.TrustedProxies.Count == 0 && !findings.IsFaulty(trusted) && !findings.IsFaultyBelow(trusted))
            findings.Report(trusted, null, "must be given with ProxyProtocol: the proxies that may say who the client is, such as [\"192.0.2.1/32\"]");
    }

    private void CheckDatagrams(string path, ListenerOptions listener, SocketSyncOptions options)
    {
        if (listener.Transport != SocketTransport.Datagram) return;
        var transport = $"{path}:{nameof(listener.Transport)}";
        if (findings.Sections.Contains($"{path}:{nameof(listener.Tls)}"))
            findings.Report($"{path}:{nameof(listener.Tls)}", null, "must not be given with Transport Datagram: TLS needs a stream");
        if (listener.ProxyProtocol)
            findings.Report($"{path}:{nameof(listener.ProxyProtocol)}", "true", "must be false with Transport Datagram: a PROXY header begins a stream");
        foreach (var (name, resource) in listener.ResourceNames().Where(options.Resources.ContainsKey).Select(name => (name, options.Resources[name])))
        {
            if (resource.Gate.Hold != Hold.Request)
                findings.Report(transport, "Datagram", $"must be Stream, since resource {name} has Gate:Hold {resource.Gate.Hold}: a sender of datagrams has no connection that could hold a lease");
            else if (resource.Processor.Equals(ProcessorNames.Tunnel, StringComparison.OrdinalIgnoreCase))
                findings.Report(transport, "Datagram", $"must be Stream, since resource {name} has the processor Tunnel, which connects two streams");
        }
    }

    // Earlier listeners are grouped by what conflicting listeners have in common: socket path or port.
    private void CheckPlace(string path, string name, ListenerOptions listener, Dictionary<string, List<(string Name, ListenerOptions Listener)>> earlier)
    {
        var mine = ListenAddress.Of(listener);
        if (!IsPlaceKnown(path) || (listener.UnixSocket ?? (mine is { Port: not 0 and var port } ? port.ToString(CultureInfo.InvariantCulture) : null)) is not { } shared) return;
        if (!earlier.TryGetValue(shared, out var others)) earlier[shared] = others = [];
        foreach (var (otherName, other) in others)
        {
            if (listener.UnixSocket is null && other.Transport != listener.Transport)
                continue; // TCP and UDP have ports of their own
            if (listener.UnixSocket is { } socket && other.UnixSocket is not null)
                findings.Report($"{path}:{nameof(listener.UnixSocket)}", socket, $"must differ from that of listener {otherName}");
            else if (mine is not null && ListenAddress.Of(other) is { } theirs && mine.Overlaps(theirs))
                ReportOverlap(path, listener, otherName, other);
            else
                continue;
            break; // One conflict is enough.
        }

        others.Add((name, listener));
    }

    private void ReportOverlap(string path, ListenerOptions listener, string otherName, ListenerOptions other) => findings.Report(
        $"{path}:{nameof(listener.Port)}",
        listener.Port.ToString(CultureInfo.InvariantCulture),
        $"must differ from that of listener {otherName}: its address {other.Address} and {listener.Address} overlap");

    private bool IsPlaceKnown(string path) =>
        !findings.IsFaulty($"{path}:{nameof(ListenerOptions.Port)}")
        && !findings.IsFaulty($"{path}:{nameof(ListenerOptions.Address)}")
        && !findings.IsFaulty($"{SocketSyncOptions.SectionName}:{nameof(SocketSyncOptions.DefaultAddress)}");
}
