namespace SocketSync;

/// <summary>What the configuration says of a link. Re-read when the file changes, but for the kind of link and its address.</summary>
internal sealed record LinkOptions
{
    public TcpLinkOptions? Tcp { get; init; }

    public SerialLinkOptions? Serial { get; init; }

    public ProcessLinkOptions? Process { get; init; }

    /// <summary>The device's own protocol, where it differs from the clients'.</summary>
    public ProtocolOptions? Protocol { get; init; }

    /// <summary>Modbus: the unit that a client names, and the one that the device is asked for.</summary>
    public Dictionary<string, int> Units { get; init; } = new(StringComparer.Ordinal);

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Silence after connecting, before the first request.</summary>
    public TimeSpan ConnectDelay { get; init; }

    /// <summary>Least pause between a reply's end and the next request.</summary>
    public TimeSpan RequestInterval { get; init; }

    /// <summary>Request written to reply complete.</summary>
    public TimeSpan ReplyTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>A reply that ends by silence ends when the device has been silent for so long.</summary>
    public TimeSpan ReplyQuietTime { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Close the link when unused for so long; 0 keeps it open.</summary>
    public TimeSpan IdleTimeout { get; init; }

    public TimeSpan ReconnectDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    public TimeSpan MaxReconnectDelay { get; init; } = TimeSpan.FromSeconds(10);

    public int MaxReplyBytes { get; init; } = 1048576;
}

internal sealed record TcpLinkOptions
{
    public string Host { get; init; } = "";

    public int Port { get; init; }

    public bool Tls { get; init; }
}

internal sealed record SerialLinkOptions
{
    public string Device { get; init; } = "";

    public int BaudRate { get; init; } = 9600;

    public int DataBits { get; init; } = 8;

    /// <summary>None, Odd, Even, Mark or Space.</summary>
    public string Parity { get; init; } = "None";

    /// <summary>One, OnePointFive or Two.</summary>
    public string StopBits { get; init; } = "One";

    /// <summary>None, XOnXOff, RequestToSend or RequestToSendXOnXOff.</summary>
    public string Handshake { get; init; } = "None";
}

internal sealed record ProcessLinkOptions
{
    public string FileName { get; init; } = "";

    public IReadOnlyList<string> Arguments { get; init; } = [];

    public string? WorkingDirectory { get; init; }

    public Dictionary<string, string> Environment { get; init; } = new(StringComparer.Ordinal);
}
