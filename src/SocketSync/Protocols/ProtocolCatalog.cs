namespace SocketSync;

/// <summary>The languages, by their names in the configuration. A new one is a file of its own and a line here.</summary>
internal static class ProtocolCatalog
{
    /// <summary>All of them, in the order in which the documentation lists them.</summary>
    public static IReadOnlyList<ProtocolDefinition> All { get; } =
    [
        RawProtocol.Definition,
        LineProtocol.Definition,
        LengthPrefixedProtocol.Definition,
        FixedLengthProtocol.Definition,
        ScpiProtocol.Definition,
        ModbusTcp.Definition,
        ModbusRtu.Definition,
        ModbusAscii.Definition,
    ];

    public static IReadOnlyList<string> Names { get; } = [.. All.Select(definition => definition.Name)];

    private static readonly Dictionary<string, ProtocolDefinition> ByName = All.ToDictionary(definition => definition.Name, StringComparer.OrdinalIgnoreCase);

    /// <summary>The built-in language of that name, whatever its case; <see langword="null"/> if there is none.</summary>
    public static ProtocolDefinition? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>Makes the protocol that <paramref name="options"/> describe; one instance serves every connection.</summary>
    /// <exception cref="ArgumentException">The options do not hold together; validated ones do.</exception>
    public static IProtocol Create(ProtocolOptions options) => Get(options).Create(options);

    /// <summary>
    /// Whether clients that speak the one can be relayed to a device that speaks the other: requests and replies either pass as
    /// they are, so that their framing must be the same, or are translated.
    /// </summary>
    public static bool CanBeRelayed(ProtocolOptions clients, ProtocolOptions device) =>
        clients.Definition is { } ofClients && device.Definition is { } ofDevice
        && (ofClients.IsTranslatedTo(ofDevice) || (ofClients == ofDevice && Equals(ofClients.Framing(clients), ofClients.Framing(device))));

    /// <summary>Makes the protocol by which the clients of one listener are relayed over one link.</summary>
    /// <param name="clients">The clients' protocol.</param>
    /// <param name="device">The device's own, where it differs.</param>
    /// <param name="maxReplyBytes">The largest reply in bytes, as the device sends it.</param>
    /// <param name="units">Modbus: the device's unit for a client's, where they differ.</param>
    /// <param name="transactions">Modbus: the ids of the link, where more than one listener shares it.</param>
    /// <exception cref="ArgumentException">The two cannot be brought together, or the options do not hold together.</exception>
    public static ILinkProtocol CreateLink(
        ProtocolOptions clients, ProtocolOptions? device, int maxReplyBytes, IReadOnlyDictionary<int, int> units, ModbusTransactions? transactions = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxReplyBytes, 1);
        device ??= clients;
        var (ofClients, ofDevice) = (Get(clients), Get(device));
        if (!CanBeRelayed(clients, device))
        {
            throw new ArgumentException(
                $"Clients that speak {clients.Name} cannot be relayed to a device that speaks {device.Name} with these settings: {WhatIsTranslated}.", nameof(device));
        }

        return ofClients.CreateLink(new(clients, ofDevice, maxReplyBytes, units, transactions ?? new()));
    }

    /// <summary>What to say where two languages cannot be brought together.</summary>
    public static string WhatIsTranslated { get; } =
        $"only {AsList(All.Where(definition => definition.IsTranslatedTo(definition)))} are translated into one another";

    /// <summary>Names as a sentence has them: <c>A, B and C</c>.</summary>
    public static string AsList(IEnumerable<ProtocolDefinition> definitions)
    {
        string[] names = [.. definitions.Select(definition => definition.Name)];
        return names.Length < 2 ? string.Concat(names) : $"{string.Join(", ", names[..^1])} and {names[^1]}";
    }

    private static ProtocolDefinition Get(ProtocolOptions options) =>
        options.Definition ?? throw new ArgumentException($"Protocol '{options.Name}' is not one of {string.Join(", ", Names)}.", nameof(options));
}
