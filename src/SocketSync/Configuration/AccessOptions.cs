using System.ComponentModel.DataAnnotations;
using System.Globalization;

namespace SocketSync;

/// <summary>One rule of a resource's <c>Access</c>: what it fits, and what becomes of that. A part that is left out fits everything.</summary>
public sealed record AccessOptions
{
    /// <summary>The listeners through which the client may have come.</summary>
    public IReadOnlyList<string> Listeners { get; init; } = [];

    /// <summary>The networks, in CIDR notation, that the client's address may be in.</summary>
    [Network]
    public IReadOnlyList<string> Networks { get; init; } = [];

    /// <summary>The Modbus roles that the client's certificate may carry.</summary>
    [NotEmpty]
    public IReadOnlyList<string> Roles { get; init; } = [];

    /// <summary>Modbus: the units, by the numbers that the clients name.</summary>
    [NumberRanges(0, 255)]
    public string? Units { get; init; }

    /// <summary>Modbus: Read, Write, or a function's number.</summary>
    [ModbusFunction]
    public IReadOnlyList<string> Functions { get; init; } = [];

    /// <summary>Modbus: the addresses of registers, coils and inputs.</summary>
    [NumberRanges(0, 65535)]
    public string? Registers { get; init; }

    /// <summary>Line and Scpi: commands; a * at the end stands for more.</summary>
    [NotEmpty]
    public IReadOnlyList<string> Commands { get; init; } = [];

    /// <summary>Whether what fits is allowed or denied. Must be given: a rule whose sense one has to guess is no rule.</summary>
    public bool? Allow { get; init; }
}

/// <summary>Read, Write, or the number of a Modbus function.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class ModbusFunctionAttribute : ValidationAttribute
{
    public const string Read = "Read";
    public const string Write = "Write";

    public override bool IsValid(object? value) => value is string text && (IsName(text, Read) || IsName(text, Write) || TryParse(text, out _));

    public override string FormatErrorMessage(string name) => "must be Read, Write or the number of a function, from 1 to 127";

    public static bool IsName(string text, string name) => text.Equals(name, StringComparison.OrdinalIgnoreCase);

    public static bool TryParse(string text, out byte function) =>
        byte.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out function) && function is >= 1 and < ModbusPdu.ExceptionFlag;
}

/// <summary>Validates the rules of <c>Access</c> against the listeners and protocols of the clients that they are for.</summary>
internal sealed class AccessRules(ConfigurationFindings findings)
{
    public void Check(SocketSyncOptions options)
    {
        foreach (var (name, resource) in options.Resources)
        {
            var path = $"{SocketSyncOptions.SectionName}:{nameof(options.Resources)}:{name}:{nameof(resource.Access)}";
            foreach (var (entry, rule) in findings.EntriesOf(path).Zip(resource.Access))
                Check(entry, rule, resource, [.. ListenersOf(options, name)], options.Listeners.Keys);
        }
    }

    /// <summary>The listeners whose clients reach a resource.</summary>
    public static IEnumerable<KeyValuePair<string, ListenerOptions>> ListenersOf(SocketSyncOptions options, string resource) =>
        options.Listeners.Where(listener => resource.Equals(listener.Value.Resource, StringComparison.OrdinalIgnoreCase));

    private void Check(
        string entry, AccessOptions rule, ResourceOptions resource, List<KeyValuePair<string, ListenerOptions>> reaching, IReadOnlyCollection<string> listeners)
    {
        var allow = $"{entry}:{nameof(rule.Allow)}";
        if (rule.Allow is null && !findings.IsFaulty(allow)) findings.Report(allow, null, "must be given: true or false");

        for (var i = 0; i < rule.Listeners.Count; i++)
        {
            if (!listeners.Contains(rule.Listeners[i], StringComparer.OrdinalIgnoreCase))
                findings.Report(string.Create(CultureInfo.InvariantCulture, $"{entry}:{nameof(rule.Listeners)}:{i}"), rule.Listeners[i], ConfigurationValue.OneOf(rule.Listeners[i], listeners));
        }

        List<KeyValuePair<string, ListenerOptions>> concerned =
            [.. reaching.Where(l => rule.Listeners.Count == 0 || rule.Listeners.Contains(l.Key, StringComparer.OrdinalIgnoreCase))];
        var clients = concerned.Count == 0
            ? [("the resource", resource.Protocol)]
            : concerned.Select(l => ($"listener {l.Key}", l.Value.Protocol!)).ToList();
        CheckProtocol($"{entry}:{nameof(rule.Units)}", clients, static p => p.HasUnits);
        CheckProtocol($"{entry}:{nameof(rule.Functions)}", clients, static p => p.HasUnits);
        CheckProtocol($"{entry}:{nameof(rule.Registers)}", clients, static p => p.HasUnits);
        CheckProtocol($"{entry}:{nameof(rule.Commands)}", clients, static p => p.Commands is not null);

        if (rule.Roles.Count > 0 && !concerned.Exists(l => l.Value.Tls is { ClientCertificate: ClientCertificate.Require }))
            findings.Report($"{entry}:{nameof(rule.Roles)}", null, "is for clients with certificates, but no listener that the rule is for has Tls:ClientCertificate Require");
    }

    private void CheckProtocol(string key, List<(string Of, ProtocolOptions Protocol)> clients, Func<ProtocolDefinition, bool> isOf)
    {
        if (!findings.IsGiven(key) && !findings.IsGivenBelow(key)) return;
        foreach (var (of, protocol) in clients)
        {
            if (protocol.Definition is not { } definition || isOf(definition)) continue;
            findings.Report(key, null, $"is for the protocols {ProtocolCatalog.AsList(ProtocolCatalog.All.Where(isOf))}, but that of {of} is {definition.Name}");
            return;
        }
    }
}
