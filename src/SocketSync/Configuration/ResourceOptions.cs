namespace SocketSync;

/// <summary>What is done where a protocol could tell an error.</summary>
internal enum OnError
{
    /// <summary>The client is told in its protocol.</summary>
    Reply,

    /// <summary>The connection is closed instead.</summary>
    Close,
}

/// <summary>The built-in processors, by the names that the configuration gives.</summary>
internal static class ProcessorNames
{
    public const string Echo = "Echo";
    public const string Relay = "Relay";
    public const string Tunnel = "Tunnel";
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

    private bool IsTunnel => Processor.Equals(ProcessorNames.Tunnel, StringComparison.OrdinalIgnoreCase);

    /// <summary>The gate's settings as they hold: a tunnel's turn is bounded by MaxHold, not by TurnTimeout.</summary>
    public GateOptions TurnsOf() => IsTunnel ? Gate with { TurnTimeout = Gate.MaxHold } : Gate;
}

/// <summary>What must hold between the keys of a resource.</summary>
internal sealed class ResourceRules(ConfigurationFindings findings, IReadOnlyCollection<string> processors)
{
    public void Check(SocketSyncOptions options)
    {
        foreach (var (name, resource) in options.Resources)
        {
            var path = $"{SocketSyncOptions.SectionName}:{nameof(options.Resources)}:{name}";
            CheckProcessor($"{path}:{nameof(resource.Processor)}", resource.Processor);
            ProtocolRules.Check(findings, $"{path}:{nameof(resource.Protocol)}", resource.Protocol);
        }
    }

    private void CheckProcessor(string key, string processor)
    {
        if (processors.Contains(processor, StringComparer.OrdinalIgnoreCase)) return;
        findings.Report(key, processor, ConfigurationValue.OneOf(processor, processors));
    }
}

/// <summary>Which settings belong to which protocol, and how they go together: what each language says of its own.</summary>
internal static class ProtocolRules
{
    public static void Check(ConfigurationFindings findings, string path, ProtocolOptions protocol)
    {
        if (ProtocolCatalog.Find(protocol.Name) is not { } definition)
        {
            findings.Report($"{path}:Name", protocol.Name, ConfigurationValue.OneOf(protocol.Name, ProtocolCatalog.Names));
            return;
        }

        CheckStrangers(findings, path, definition);
        if (findings.IsFaulty($"{path}:{nameof(protocol.MaxRequestBytes)}")) return;
        foreach (var (setting, value, allowed) in definition.Check(protocol))
        {
            if (!findings.IsFaulty($"{path}:{setting}")) findings.Report($"{path}:{setting}", value, allowed);
        }
    }

    private static void CheckStrangers(ConfigurationFindings findings, string path, ProtocolDefinition definition)
    {
        var owners = ProtocolCatalog.All.SelectMany(owner => owner.Settings.Select(setting => (owner, setting))).ToLookup(s => s.setting, s => s.owner, StringComparer.Ordinal);
        foreach (var strangers in owners.Where(owner => !definition.Settings.Contains(owner.Key, StringComparer.Ordinal)))
        {
            var key = $"{path}:{strangers.Key}";
            if (findings.IsGiven(key))
                findings.Report(key, findings.Values[key], $"is a setting of {ProtocolCatalog.AsList(strangers)}, not of {definition.Name}");
        }
    }
}
