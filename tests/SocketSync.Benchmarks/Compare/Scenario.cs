namespace SocketSync.Benchmarks;

/// <summary>What the clients do.</summary>
internal sealed record Scenario(string Name, string Title, int Connections, int Pipeline)
{
    /// <summary>A device behind it, and how long its work takes.</summary>
    public TimeSpan? Work { get; init; }

    public static IReadOnlyList<Scenario> All { get; } =
    [
        new("plain", "64 clients, one request at a time", 64, 1),
        new("pipelined", "64 clients, 16 requests at a time", 64, 16),
        new("burst", "1,000 clients that connect all at once, one request at a time", 1000, 1),
        new("relay-1ms", "a device whose answer takes 1 ms", 32, 1) { Work = TimeSpan.FromMilliseconds(1) },
        new("relay", "a device that answers at once", 32, 1) { Work = TimeSpan.Zero },
    ];
}
