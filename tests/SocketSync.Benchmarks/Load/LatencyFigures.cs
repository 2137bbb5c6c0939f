using System.Globalization;
using HdrHistogram;

namespace SocketSync.Benchmarks;

/// <summary>Percentiles in microseconds.</summary>
internal sealed record LatencyFigures(double P50, double P90, double P99, double P999, double Max)
{
    /// <param name="latency">In nanoseconds.</param>
    public static LatencyFigures Of(HistogramBase latency) => new(At(latency, 50), At(latency, 90), At(latency, 99), At(latency, 99.9), At(latency, 100));

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"p50 {P50:N0}, p90 {P90:N0}, p99 {P99:N0}, p99.9 {P999:N0}, max {Max:N0}");

    private static double At(HistogramBase latency, double percentile) => latency.TotalCount == 0 ? 0 : latency.GetValueAtPercentile(percentile) / 1000.0;
}

/// <summary>One second of a run, or the rest of one.</summary>
internal sealed record SecondFigures(double End, double Length, bool Measured, long Requests, double P99Microseconds, double Fairness);
