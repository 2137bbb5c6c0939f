using System.Diagnostics;

namespace SocketSync.Benchmarks;

/// <summary>How long the same thing took, time and again, in milliseconds.</summary>
internal sealed class Latencies
{
    private readonly double[] _ordered;

    private Latencies(double[] ordered) => _ordered = ordered;

    public double P99 => _ordered[(int)(_ordered.Length * 0.99)];

    public double Longest => _ordered[^1];

    public static async Task<Latencies> OfAsync(int times, Func<Task> act)
    {
        var taken = new double[times];
        for (var i = 0; i < times; i++)
        {
            var begun = Stopwatch.GetTimestamp();
            await act();
            taken[i] = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
        }

        Array.Sort(taken);
        return new(taken);
    }
}
