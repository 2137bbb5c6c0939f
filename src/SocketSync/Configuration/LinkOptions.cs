using System.ComponentModel.DataAnnotations;
using System.IO.Ports;

namespace SocketSync;

/// <summary>What the configuration says of a link. Re-read when the file changes, but for the kind of link and its address.</summary>
internal sealed record LinkOptions
{
    public const int LargestReplyBytes = 1 << 30;

    public TcpLinkOptions? Tcp { get; init; }

    public SerialLinkOptions? Serial { get; init; }

    public ProcessLinkOptions? Process { get; init; }

    /// <summary>The device's own protocol, where it differs from the clients'.</summary>
    public ProtocolOptions? Protocol { get; init; }

    /// <summary>Modbus: the unit that a client names, and the one that the device is asked for.</summary>
    [Range(0, 255)]
    public Dictionary<string, int> Units { get; init; } = new(StringComparer.Ordinal);

    /// <summary>For opening the link, its name looked up and its TLS agreed on.</summary>
    [Duration]
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Silence after connecting, before the first request.</summary>
    [Duration(ZeroIsOff = true)]
    public TimeSpan ConnectDelay { get; init; }

    /// <summary>Least pause between a reply's end and the next request.</summary>
    [Duration(ZeroIsOff = true)]
    public TimeSpan RequestInterval { get; init; }

    /// <summary>Request written to reply complete.</summary>
    [Duration]
    public TimeSpan ReplyTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>A reply that ends by silence ends when the device has been silent for so long.</summary>
    [Duration]
    public TimeSpan ReplyQuietTime { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Close the link when unused for so long; 0 keeps it open.</summary>
    [Duration(ZeroIsOff = true)]
    public TimeSpan IdleTimeout { get; init; }

    /// <summary>After a failed attempt; doubled with each, up to <see cref="MaxReconnectDelay"/>.</summary>
    [Duration]
    public TimeSpan ReconnectDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    [Duration]
    public TimeSpan MaxReconnectDelay { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The largest reply in bytes.</summary>
    [Range(1, LargestReplyBytes)]
    public int MaxReplyBytes { get; init; } = 1048576;

    /// <summary>Modbus: when a unit that does not answer is left alone for a while.</summary>
    public RestOptions Rest { get; init; } = new();

    /// <summary>A serial line's adapter sends back what is sent; it is taken away before the reply.</summary>
    public bool LocalEcho { get; init; }
}

/// <summary>When a Modbus unit that does not answer is left alone, and for how long.</summary>
internal sealed record RestOptions
{
    /// <summary>So many requests in a row; 0: never.</summary>
    [Range(0, int.MaxValue)]
    public int After { get; init; } = 3;

    /// <summary>The first rest; doubled with each request that then tries the unit in vain.</summary>
    [Duration]
    public TimeSpan First { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest rest.</summary>
    [Duration]
    public TimeSpan Most { get; init; } = TimeSpan.FromMinutes(1);
}

internal sealed record TcpLinkOptions
{
    /// <summary>A name, all of whose addresses are tried, or an IP address.</summary>
    [Host]
    public string Host { get; init; } = "";

    [Range(1, 65535)]
    public int Port { get; init; }

    /// <summary>The device's certificate must be one that the system trusts, for <see cref="Host"/>.</summary>
    public bool Tls { get; init; }
}

internal sealed record SerialLinkOptions
{
    /// <summary>A path, such as <c>/dev/ttyUSB0</c>.</summary>
    [NotEmpty]
    public string Device { get; init; } = "";

    [Range(1, int.MaxValue)]
    public int BaudRate { get; init; } = 9600;

    [Range(5, 8)]
    public int DataBits { get; init; } = 8;

    public Parity Parity { get; init; } = Parity.None;

    // None, which is a name too, is no setting of any line.
    [AllowedValues(StopBits.One, StopBits.OnePointFive, StopBits.Two)]
    public StopBits StopBits { get; init; } = StopBits.One;

    public Handshake Handshake { get; init; } = Handshake.None;
}

internal sealed record ProcessLinkOptions
{
    /// <summary>A path, from <see cref="WorkingDirectory"/> on where it is not a full one, or a name to be found along PATH.</summary>
    [NotEmpty]
    public string FileName { get; init; } = "";

    public IReadOnlyList<string> Arguments { get; init; } = [];

    public string? WorkingDirectory { get; init; }

    /// <summary>Added to the server's own.</summary>
    public Dictionary<string, string> Environment { get; init; } = new(StringComparer.Ordinal);
}
