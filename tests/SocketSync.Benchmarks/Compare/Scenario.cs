using System.Globalization;

namespace SocketSync.Benchmarks;

/// <summary>What the clients do.</summary>
internal sealed record Scenario(string Name, int Connections, int Pipeline)
{
    /// <summary>A device behind it, and how long its work takes.</summary>
    public TimeSpan? Work { get; init; }

    /// <summary>What clients and device speak, where there is a device.</summary>
    public string Protocol { get; init; } = "Line";

    /// <summary>In words, for a heading.</summary>
    public string Title => this switch
    {
        { Work: { } work } => string.Create(CultureInfo.InvariantCulture,
            $"{(work == TimeSpan.Zero ? "a device that answers at once" : "a device whose answer takes 1 ms")}, {Connections} {(Connections == 1 ? "client" : "clients")}"),
        { Name: "burst" } => string.Create(CultureInfo.InvariantCulture, $"{Connections:N0} clients that connect all at once, one request at a time"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{Connections:N0} {(Connections == 1 ? "client" : "clients")}, {(Pipeline == 1 ? "one request" : $"{Pipeline} requests")} at a time"),
    };

    public static IReadOnlyList<Scenario> All { get; } =
    [
        new("plain", 64, 1),
        new("single", 1, 1),
        new("pipelined", 64, 16),
        new("burst", 1000, 1),
        new("relay-1ms", 32, 1) { Work = TimeSpan.FromMilliseconds(1) },
        new("relay", 32, 1) { Work = TimeSpan.Zero },
        new("relay-one", 1, 1) { Work = TimeSpan.Zero },
        new("relay-modbus", 32, 1) { Work = TimeSpan.Zero, Protocol = "ModbusTcp" },
    ];
}
