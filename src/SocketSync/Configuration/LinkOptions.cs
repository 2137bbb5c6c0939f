using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;
using System.IO.Ports;

namespace SocketSync;

/// <summary>
/// The settings of a link. Reloaded when the file changes, except for the kind of link and its address, its protocol,
/// <see cref="Units"/> and <see cref="MaxReplyBytes"/>, which need a restart.
/// </summary>
public sealed record LinkOptions
{
    internal const int LargestReplyBytes = 1 << 30;

    /// <summary>A device that listens on TCP.</summary>
    public TcpLinkOptions? Tcp { get; init; }

    /// <summary>A device on a serial line.</summary>
    public SerialLinkOptions? Serial { get; init; }

    /// <summary>A program that is started, and talked to on its standard input and output.</summary>
    public ProcessLinkOptions? Process { get; init; }

    /// <summary>A device that is asked by datagrams.</summary>
    public UdpLinkOptions? Udp { get; init; }

    /// <summary>A device on a serial line of another machine, which lets it be set by telnet (RFC 2217).</summary>
    public Rfc2217LinkOptions? Rfc2217 { get; init; }

    /// <summary>The device's protocol, if it differs from the clients' protocol.</summary>
    public ProtocolOptions? Protocol { get; init; }

    /// <summary>Modbus: maps the unit that a client requests to the unit that is sent to the device.</summary>
    [Range(0, 255)]
    [SuppressMessage("Design", "MA0016", Justification = "The configuration binder creates this type.")]
    public Dictionary<string, int> Units { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Timeout for opening the link, including name lookup and TLS handshake.</summary>
    [Duration]
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Delay between connecting and the first request.</summary>
    [Duration(ZeroIsOff = true)]
    public TimeSpan ConnectDelay { get; init; }

    /// <summary>Minimum pause between the end of a reply and the next request.</summary>
    [Duration(ZeroIsOff = true)]
    public TimeSpan RequestInterval { get; init; }

    /// <summary>Timeout from writing the request to receiving the complete reply.</summary>
    [Duration]
    public TimeSpan ReplyTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>A reply that is delimited by silence ends once the device has been silent for this long.</summary>
    [Duration]
    public TimeSpan ReplyQuietTime { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Closes the link after it was unused for this long; 0 keeps it open.</summary>
    [Duration(ZeroIsOff = true)]
    public TimeSpan IdleTimeout { get; init; }

    /// <summary>
    /// Backoff after a failed connection attempt; doubled with each failure, up to <see cref="MaxReconnectDelay"/>.
    /// </summary>
    [Duration]
    public TimeSpan ReconnectDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Maximum time between two attempts to connect.</summary>
    [Duration]
    public TimeSpan MaxReconnectDelay { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Maximum size of a reply in bytes.</summary>
    [Range(1, LargestReplyBytes)]
    public int MaxReplyBytes { get; init; } = 1048576;

    /// <summary>Modbus: when requests to a unit that does not answer are refused for a while.</summary>
    public RestOptions Rest { get; init; } = new();

    /// <summary>Whether the serial adapter echoes what is sent; the echo is removed before the reply.</summary>
    public bool LocalEcho { get; init; }

    /// <summary>How often a Modbus read on a serial line is asked again after a damaged reply or none, within the turn's time.</summary>
    [Range(0, 100)]
    public int ReadRetries { get; init; }

    /// <summary>The driver's control of the direction of a serial line; <see langword="null"/> leaves the driver as it is.</summary>
    public Rs485Options? Rs485 { get; init; }
}

/// <summary>When requests to a Modbus unit that does not answer are refused, and for how long (a rest).</summary>
public sealed record RestOptions
{
    /// <summary>Number of consecutive unanswered requests that start a rest; 0 turns rests off.</summary>
    [Range(0, int.MaxValue)]
    public int After { get; init; } = 3;

    /// <summary>
    /// Duration of the first rest; doubled each time the unit does not answer the request that tries it again.
    /// </summary>
    [Duration]
    public TimeSpan First { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Maximum duration of a rest.</summary>
    [Duration]
    public TimeSpan Most { get; init; } = TimeSpan.FromMinutes(1);
}

/// <summary>A device that listens on TCP.</summary>
public sealed record TcpLinkOptions
{
    /// <summary>A host name, all of whose addresses are tried, or an IP address.</summary>
    [Host]
    public string Host { get; init; } = "";

    /// <summary>The port of the device.</summary>
    [Range(1, 65535)]
    public int Port { get; init; }

    /// <summary>Whether to use TLS. The system must trust the device's certificate for <see cref="Host"/>.</summary>
    public bool Tls { get; init; }
}

/// <summary>How a serial line is set, here or at another server.</summary>
public abstract record LineOptions
{
    /// <summary>Bits per second.</summary>
    [Range(1, int.MaxValue)]
    public int BaudRate { get; init; } = 9600;

    /// <summary>Bits of a character.</summary>
    [Range(5, 8)]
    public int DataBits { get; init; } = 8;

    /// <summary>What is checked in each character.</summary>
    public Parity Parity { get; init; } = Parity.None;

    /// <summary>How a character ends.</summary>
    // StopBits.None exists in the enum, but is not a valid setting.
    [AllowedValues(StopBits.One, StopBits.OnePointFive, StopBits.Two)]
    public StopBits StopBits { get; init; } = StopBits.One;
}

/// <summary>A device on a serial line of this machine.</summary>
public sealed record SerialLinkOptions : LineOptions
{
    /// <summary>A path, such as <c>/dev/ttyUSB0</c>.</summary>
    [NotEmpty]
    public string Device { get; init; } = "";

    /// <summary>How either side holds the other one up.</summary>
    public Handshake Handshake { get; init; } = Handshake.None;
}

/// <summary>How the driver of an RS-485 line switches its transmitter on and off, by RTS.</summary>
public sealed record Rs485Options
{
    /// <summary>Whether RTS is set while sending, and cleared otherwise; else the other way round.</summary>
    public bool RtsOnSend { get; init; } = true;

    /// <summary>From switching the transmitter on to the first bit.</summary>
    [Duration(ZeroIsOff = true, MostMilliseconds = 100)] // the kernel's own limit, RS485_MAX_RTS_DELAY
    public TimeSpan DelayBeforeSend { get; init; }

    /// <summary>From the last bit to switching the transmitter off.</summary>
    [Duration(ZeroIsOff = true, MostMilliseconds = 100)] // the kernel's own limit, RS485_MAX_RTS_DELAY
    public TimeSpan DelayAfterSend { get; init; }
}

/// <summary>A device that is asked by datagrams.</summary>
public sealed record UdpLinkOptions
{
    /// <summary>A host name, whose addresses are tried in turn until one answers, or an IP address.</summary>
    [Host]
    public string Host { get; init; } = "";

    /// <summary>The port of the device.</summary>
    [Range(1, 65535)]
    public int Port { get; init; }
}

/// <summary>A serial line of another server that lets it be set by telnet (RFC 2217), as ser2net does.</summary>
public sealed record Rfc2217LinkOptions : LineOptions
{
    /// <summary>A host name, all of whose addresses are tried, or an IP address.</summary>
    [Host]
    public string Host { get; init; } = "";

    /// <summary>The port of the device.</summary>
    [Range(1, 65535)]
    public int Port { get; init; }
}

/// <summary>A program that is started, and talked to on its standard input and output.</summary>
public sealed record ProcessLinkOptions
{
    /// <summary>A full path, a path relative to <see cref="WorkingDirectory"/>, or a name to be found in PATH.</summary>
    [NotEmpty]
    public string FileName { get; init; } = "";

    /// <summary>The program's arguments.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>The folder in which it is started; the server's own if not set.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>Added to the server's own environment variables.</summary>
    [SuppressMessage("Design", "MA0016", Justification = "The configuration binder creates this type.")]
    public Dictionary<string, string> Environment { get; init; } = new(StringComparer.Ordinal);
}
