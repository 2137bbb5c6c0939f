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

    /// <summary>Whether the server is ready only while this resource can be served; else it is degraded without it.</summary>
    public bool Required { get; init; } = true;

    /// <summary>The way to the device, for Relay and Tunnel.</summary>
    public LinkOptions? Link { get; init; }

    /// <summary>
    /// What the end of a waiting client's stream means. Where nothing is said: a Modbus client that ends its stream has given up,
    /// and would report a failure of what was carried out all the same; what a tunnel's client has typed is for nobody any more.
    /// </summary>
    /// <param name="clients">What its clients speak.</param>
    public EndOfStream EndOfStreamOf(ProtocolOptions clients) =>
        Gate.EndOfStream ?? (IsTunnel || ProtocolCatalog.Find(clients.Name) is { EndOfStreamMeansLeaving: true } ? EndOfStream.Leave : EndOfStream.Answer);

    private bool IsTunnel => Processor.Equals(ProcessorCatalog.Tunnel, StringComparison.OrdinalIgnoreCase);

    /// <summary>The gate's settings as they hold: a tunnel's turn is bounded by MaxHold, not by TurnTimeout.</summary>
    public GateOptions TurnsOf() => IsTunnel ? Gate with { TurnTimeout = Gate.MaxHold } : Gate;
}
