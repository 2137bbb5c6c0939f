using System.ComponentModel.DataAnnotations;

namespace SocketSync;

/// <summary>What the configuration says of a listener. A changed listener needs a restart.</summary>
internal sealed record ListenerOptions
{
    public const int DefaultPort = 56780;

    /// <summary>An IP address, "localhost" or "*"; <c>SocketSync:DefaultAddress</c> when not given.</summary>
    [ListenAddress]
    public string? Address { get; init; }

    /// <summary>1 to 65535; 0 picks a free port.</summary>
    [Range(0, 65535)]
    public int Port { get; init; } = DefaultPort;

    /// <summary>A path, in place of address and port.</summary>
    public string? UnixSocket { get; init; }

    /// <summary>The resource's name; the listener's own when not given.</summary>
    public string? Resource { get; init; }

    /// <summary>The resource's when not given.</summary>
    public ProtocolOptions? Protocol { get; init; }

    public Priority Priority { get; init; } = Priority.Normal;

    [Range(1, int.MaxValue)]
    public int MaxConnections { get; init; } = 1000;

    /// <summary>Likewise for one client address; 0 sets no limit.</summary>
    [Range(0, int.MaxValue)]
    public int MaxConnectionsPerAddress { get; init; }

    /// <summary>Networks in CIDR notation; empty allows all.</summary>
    [Network]
    public IReadOnlyList<string> AllowedNetworks { get; init; } = [];

    /// <summary>No request begun for so long: closed. 0 turns it off.</summary>
    [Duration(ZeroIsOff = true)]
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The first byte of a request to its last.</summary>
    [Duration]
    public TimeSpan FrameTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A reply the client does not take in this time: closed.</summary>
    [Duration]
    public TimeSpan SendTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Each connection begins with a header of the PROXY protocol, which may take FrameTimeout; else it is closed.</summary>
    public bool ProxyProtocol { get; init; }

    /// <summary>Networks in CIDR notation: only these may send such a header; required with it.</summary>
    [Network]
    public IReadOnlyList<string> TrustedProxies { get; init; } = [];

    public TlsOptions? Tls { get; init; }
}
