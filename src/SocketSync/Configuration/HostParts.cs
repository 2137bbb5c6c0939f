namespace SocketSync;

/// <summary>What the configuration of a host may name, beside what is built in.</summary>
/// <param name="Processors">The names of all processors, the built-in ones included.</param>
internal sealed record HostParts(IReadOnlyCollection<string> Processors)
{
    /// <summary>The host's own protocols.</summary>
    public IReadOnlyList<ProtocolDefinition> Protocols { get; init; } = [];

    /// <summary>What the host has set in code, by the full paths of the keys: whatever else says something of a key stands over it.</summary>
    public IReadOnlyDictionary<string, string?> Code { get; init; } = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);

    /// <summary>The settings that the processor of a name has for each of its resources; <see langword="null"/> if it has none.</summary>
    public Func<string, Type?> SettingsOf { get; init; } = static _ => null;

    /// <summary>The host's own protocol of that name; <see langword="null"/> if there is none.</summary>
    public ProtocolDefinition? Find(string protocol) =>
        Protocols.FirstOrDefault(own => own.Name.Equals(protocol, StringComparison.OrdinalIgnoreCase));
}
