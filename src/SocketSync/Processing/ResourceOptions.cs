namespace SocketSync;

/// <summary>What is done where a protocol could tell an error.</summary>
internal enum OnError
{
    /// <summary>The client is told in its protocol.</summary>
    Reply,

    /// <summary>The connection is closed instead.</summary>
    Close,
}

/// <summary>What the configuration says of a resource: the shared thing, with its protocol, gate and processor.</summary>
internal sealed record ResourceOptions
{
    /// <summary>The name under which a processor was added; "Echo" is built in.</summary>
    public string Processor { get; init; } = "Echo";

    public ProtocolOptions Protocol { get; init; } = new();

    public GateOptions Gate { get; init; } = new();

    public OnError OnError { get; init; } = OnError.Reply;

    /// <summary>Relay and Tunnel: the way to the device; none for other processors.</summary>
    public LinkOptions? Link { get; init; }
}
