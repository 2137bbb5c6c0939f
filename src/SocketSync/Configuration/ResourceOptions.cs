namespace SocketSync;

/// <summary>What happens when a request fails and its protocol can express errors.</summary>
public enum OnError
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

/// <summary>The settings of a resource: the shared thing, with its protocol, gate and processor.</summary>
public sealed record ResourceOptions
{
    /// <summary>The name under which a processor was added; "Echo" is built in.</summary>
    public string Processor { get; init; } = "Echo";

    /// <summary>Where a request ends, and how its language tells an error.</summary>
    public ProtocolOptions Protocol { get; init; } = new();

    /// <summary>How long a client keeps its turn, and how many may wait for how long.</summary>
    public GateOptions Gate { get; init; } = new();

    /// <summary>How a client is told of an error: in its protocol, or by closing its connection.</summary>
    public OnError OnError { get; init; } = OnError.Reply;

    /// <summary>Tunnel: whether a client in line is told who has the turn and its place; what it sends before its turn is then thrown away.</summary>
    public bool Notice { get; init; }

    /// <summary>Whether the server is unready while this resource cannot be served; otherwise it is only degraded.</summary>
    public bool Required { get; init; } = true;

    /// <summary>Who may ask for what: the first rule that fits a request decides; without one it is allowed.</summary>
    public IReadOnlyList<AccessOptions> Access { get; init; } = [];

    /// <summary>How long reads are answered by earlier replies, for a Modbus relay.</summary>
    public CacheOptions Cache { get; init; } = new();

    /// <summary>The nodes that may own it, where several share their resources; empty: any.</summary>
    [NodeName]
    public IReadOnlyList<string> Nodes { get; init; } = [];

    /// <summary>The way to the device, for Relay and Tunnel.</summary>
    public LinkOptions? Link { get; init; }

    /// <summary>What a processor of the host's own gets as its settings, by the names of their properties.</summary>
    public object? Settings { get; init; }

    /// <summary>The section <see cref="Settings"/> as it is configured, so that a change of it is seen.</summary>
    internal string? SettingsText { get; init; }

    /// <summary>
    /// What the end of a waiting client's stream means. By default a Modbus client has given up, and would report a failure although
    /// the request was carried out; and nobody reads the answer to what a tunnel's client has typed.
    /// </summary>
    /// <param name="clients">The clients' protocol.</param>
    internal EndOfStreamAction EndOfStreamOf(ProtocolOptions clients) =>
        Gate.EndOfStream ?? (IsTunnel || clients.Definition is { EndOfStreamMeansLeaving: true } ? EndOfStreamAction.Leave : EndOfStreamAction.Answer);

    private bool IsTunnel => Processor.Equals(ProcessorNames.Tunnel, StringComparison.OrdinalIgnoreCase);

    /// <summary>The effective settings of the gate: a tunnel's turn is bounded by MaxHold, not by TurnTimeout.</summary>
    internal GateOptions TurnsOf() => IsTunnel ? Gate with { TurnTimeout = Gate.MaxHold } : Gate;
}

/// <summary>Validates what must hold between the keys of a resource.</summary>
internal sealed class ResourceRules(ConfigurationFindings findings, IReadOnlyCollection<string> processors)
{
    public void Check(SocketSyncOptions options)
    {
        foreach (var (name, resource) in options.Resources)
        {
            var path = $"{SocketSyncOptions.SectionName}:{nameof(options.Resources)}:{name}";
            CheckProcessor($"{path}:{nameof(resource.Processor)}", resource.Processor);
            CheckNotice(path, resource);
            ProtocolRules.Check(findings, $"{path}:{nameof(resource.Protocol)}", resource.Protocol);
        }
    }

    private void CheckNotice(string path, ResourceOptions resource)
    {
        if (!resource.Notice || findings.IsFaulty($"{path}:{nameof(resource.Processor)}")) return;
        if (!resource.Processor.Equals(ProcessorNames.Tunnel, StringComparison.OrdinalIgnoreCase))
            findings.Report($"{path}:{nameof(resource.Notice)}", "True", $"is for the processor Tunnel, not for {resource.Processor}; leave it out");
    }

    private void CheckProcessor(string key, string processor)
    {
        if (processors.Contains(processor, StringComparer.OrdinalIgnoreCase)) return;
        findings.Report(key, processor, ConfigurationValue.OneOf(processor, processors));
    }
}

/// <summary>Validates which settings belong to which protocol, and how they go together, by what each language defines.</summary>
internal static class ProtocolRules
{
    public static void Check(ConfigurationFindings findings, string path, ProtocolOptions protocol)
    {
        if (protocol.Definition is not { } definition)
        {
            findings.Report($"{path}:Name", protocol.Name, ConfigurationValue.OneOf(protocol.Name, findings.Languages));
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
