using System.Diagnostics.Metrics;

namespace SocketSync.Benchmarks;

/// <summary>Gates as a server makes them, and clients for them.</summary>
internal static class GateMaking
{
    public static TurnGate Make(Meter meter, bool handsOverInline = false) =>
        new(new GateOptions(), TimeProvider.System, new TurnMetrics(meter, "Default"), handsOverInline);

    public static Turn NewTurn() => new(new Client("client", null, "Default", null), Priority.Normal);
}
