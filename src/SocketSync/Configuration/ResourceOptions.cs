using System.Globalization;

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
        Gate.EndOfStream ?? (IsTunnel || clients.Name.StartsWith("Modbus", StringComparison.OrdinalIgnoreCase) ? EndOfStream.Leave : EndOfStream.Answer);

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

/// <summary>Which settings belong to which protocol, and how they go together.</summary>
internal static class ProtocolRules
{
    /// <summary>The name as the documentation writes it, where it is one.</summary>
    public static string AsKnown(string name) =>
        ProtocolFactory.Names.FirstOrDefault(k => k.Equals(name, StringComparison.OrdinalIgnoreCase)) ?? name;

    public static void Check(ConfigurationFindings findings, string path, ProtocolOptions protocol)
    {
        if (ProtocolFactory.SettingsOf(protocol.Name) is not { } own)
        {
            findings.Report($"{path}:Name", protocol.Name, ConfigurationValue.OneOf(protocol.Name, ProtocolFactory.Names));
            return;
        }

        CheckStrangers(findings, path, protocol.Name, own);
        CheckSizes(findings, path, protocol);
    }

    private static void CheckStrangers(ConfigurationFindings findings, string path, string name, IReadOnlyList<string> own)
    {
        foreach (var strangers in ProtocolFactory.Names.SelectMany(owner => ProtocolFactory.SettingsOf(owner)!.Select(setting => (owner, setting))).ToLookup(s => s.setting, s => s.owner, StringComparer.Ordinal))
        {
            var key = $"{path}:{strangers.Key}";
            if (!own.Contains(strangers.Key, StringComparer.Ordinal) && findings.IsGiven(key))
                findings.Report(key, findings.Values[key], $"is a setting of {string.Join(" and ", strangers)}, not of {name}");
        }
    }

    private static void CheckSizes(ConfigurationFindings findings, string path, ProtocolOptions protocol)
    {
        var most = $"{path}:{nameof(protocol.MaxRequestBytes)}";
        if (findings.IsFaulty(most)) return;
        switch (protocol.Name)
        {
            case "Line" or "Scpi" when Delimiter.TryParse(protocol.Delimiter ?? ProtocolFactory.DefaultDelimiter, out var delimiter) && delimiter.Length > protocol.MaxRequestBytes:
                ReportTooSmall(delimiter.Length, "the delimiter");
                break;
            case "LengthPrefixed" when (protocol.LengthBytes ?? ProtocolFactory.DefaultLengthBytes) is var header && header > protocol.MaxRequestBytes:
                ReportTooSmall(header, "the length header");
                break;
            case "ModbusTcp" when protocol.MaxRequestBytes < Mbap.Shortest:
                ReportTooSmall(Mbap.Shortest, "the shortest frame");
                break;
            case "ModbusRtu" when protocol.MaxRequestBytes < RtuFrame.Shortest:
                ReportTooSmall(RtuFrame.Shortest, "the shortest frame");
                break;
            case "FixedLength" when protocol.Length is null && !findings.IsFaulty($"{path}:{nameof(protocol.Length)}"):
                findings.Report($"{path}:{nameof(protocol.Length)}", null, "must be given with FixedLength: the length of every request in bytes");
                break;
            case "FixedLength" when protocol.Length > protocol.MaxRequestBytes:
                findings.Report(
                    $"{path}:{nameof(protocol.Length)}", Text(protocol.Length.Value), $"must be at most MaxRequestBytes, which is {Text(protocol.MaxRequestBytes)}");
                break;
        }

        void ReportTooSmall(int bytes, string what) =>
            findings.Report(most, Text(protocol.MaxRequestBytes), $"must be at least {Text(bytes)}, to hold {what}");
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
