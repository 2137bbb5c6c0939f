using System.Diagnostics.Metrics;

namespace SocketSync.Benchmarks;

/// <summary>Gates as a server makes them, and clients for them.</summary>
internal static class GateMaking
{
    public static Gate Make(Meter meter, int maxQueue = 256) =>
        new(new GateOptions { MaxQueue = maxQueue }, TimeProvider.System, new TurnMetrics(meter, "Default"));

    public static Turn NewTurn() => new(new Client("client", null, "Default", null), Priority.Normal);
}
