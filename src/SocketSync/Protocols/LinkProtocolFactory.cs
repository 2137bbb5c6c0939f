namespace SocketSync;

/// <summary>How a relay speaks to its device, by the protocols of its clients and of the device.</summary>
internal static class LinkProtocolFactory
{
    private delegate ILinkProtocol Maker(ProtocolOptions clients, int maxReplyBytes, IReadOnlyDictionary<int, int> units);

    private static readonly Dictionary<string, Maker> Makers = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Raw"] = (_, max, _) => new RawLinkProtocol(max),
        ["Line"] = MakeFramed,
        ["LengthPrefixed"] = MakeFramed,
        ["FixedLength"] = MakeFramed,
        ["Scpi"] = (clients, max, _) => new ScpiLinkProtocol(ProtocolFactory.DelimiterOf(clients), max),
        ["ModbusTcp"] = (_, max, units) => new ModbusTcpLinkProtocol(max, new ModbusUnits(units)),
        ["ModbusRtu"] = (_, max, units) => new ModbusRtuLinkProtocol(max, new ModbusUnits(units)),
    };

    /// <summary>Whether clients that speak the one can be relayed to a device that speaks the other, by their names.</summary>
    public static bool IsPossible(string clients, string device) =>
        Makers.ContainsKey(clients) && (Is(clients, device) || IsTranslation(clients, device));

    /// <summary>
    /// Whether they can be, settings included: requests and replies of one protocol pass as they are, so that its settings
    /// must be the same on both sides, but for the limit.
    /// </summary>
    public static bool IsPossible(ProtocolOptions clients, ProtocolOptions device) =>
        IsPossible(clients.Name, device.Name) && (IsTranslation(clients.Name, device.Name) || Framing(clients) == Framing(device));

    /// <summary>Makes the protocol of one relay; another relay needs its own.</summary>
    /// <param name="clients">The clients' protocol.</param>
    /// <param name="device">The device's own, where it differs.</param>
    /// <param name="maxReplyBytes">The largest reply in bytes, as the device sends it.</param>
    /// <param name="units">Modbus: the device's unit for a client's, where they differ.</param>
    /// <exception cref="ArgumentException">The two cannot be brought together, or the options do not hold together.</exception>
    public static ILinkProtocol Create(
        ProtocolOptions clients, ProtocolOptions? device, int maxReplyBytes, IReadOnlyDictionary<int, int> units)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxReplyBytes, 1);
        if (!IsPossible(clients, device ?? clients))
        {
            throw new ArgumentException(
                $"Clients that speak {clients.Name} cannot be relayed to a device that speaks {device?.Name ?? clients.Name} with these settings: "
                + "only ModbusTcp is translated, to ModbusRtu.",
                nameof(device));
        }

        return device is not null && IsTranslation(clients.Name, device.Name)
            ? new ModbusTcpToRtuLinkProtocol(maxReplyBytes, new ModbusUnits(units))
            : Makers[clients.Name](clients, maxReplyBytes, units);
    }

    private static FramedLinkProtocol MakeFramed(ProtocolOptions clients, int maxReplyBytes, IReadOnlyDictionary<int, int> units) =>
        new(ProtocolFactory.Create(clients with { MaxRequestBytes = maxReplyBytes }));

    private static bool IsTranslation(string clients, string device) => Is(clients, "ModbusTcp") && Is(device, "ModbusRtu");

    private static bool Is(string name, string other) => name.Equals(other, StringComparison.OrdinalIgnoreCase);

    // What is not given is given as its default, to compare.
    private static ProtocolOptions Framing(ProtocolOptions options) => options with
    {
        Name = options.Name.ToUpperInvariant(),
        MaxRequestBytes = ProtocolOptions.DefaultMaxRequestBytes,
        Delimiter = Convert.ToHexString(ProtocolFactory.DelimiterOf(options)),
        LengthBytes = options.LengthBytes ?? ProtocolFactory.DefaultLengthBytes,
        LittleEndian = options.LittleEndian ?? false,
        LengthIncludesHeader = options.LengthIncludesHeader ?? false,
    };
}
