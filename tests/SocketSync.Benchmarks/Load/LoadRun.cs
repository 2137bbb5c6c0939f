using System.Globalization;

namespace SocketSync.Benchmarks;

/// <summary>Runs a load, tells its progress, and sums it up.</summary>
internal static class LoadRun
{
    /// <exception cref="LoadFailureException">A check failed.</exception>
    public static LoadReport Run(LoadOptions options, string protocol, TextWriter progress)
    {
        using var loop = new LoadLoop(options);
        var thread = new Thread(loop.Run) { IsBackground = true, Name = "Load" };
        thread.Start();

        var latency = LoadLoop.NewHistogram();
        var seconds = new List<SecondFigures>();
        foreach (var sample in loop.Samples)
        {
            var p99 = LatencyFigures.Of(sample.Latency).P99;
            seconds.Add(new SecondFigures(sample.End, sample.Length, sample.IsMeasured, sample.Requests, p99, sample.Fairness));
            progress.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{sample.End,6:F1} s  {sample.Requests / sample.Length,12:N0} requests/s  p99 {p99,10:N0} µs  fairness {sample.Fairness:F2}{(sample.IsMeasured ? "" : "  (warm-up)")}"));
            if (sample.IsMeasured) latency.Add(sample.Latency);
            loop.Return(sample.Latency);
        }
        thread.Join();
        if (loop.Failure is not null) throw loop.Failure;
        return Report(options, protocol, loop, latency, seconds);
    }

    private static LoadReport Report(LoadOptions options, string protocol, LoadLoop loop, HdrHistogram.HistogramBase latency, List<SecondFigures> seconds)
    {
        var length = seconds.Where(static s => s.Measured).Sum(static s => s.Length);
        var requests = seconds.Where(static s => s.Measured).Sum(static s => s.Requests);
        // What was answered in the drain after the run is in nobody's share.
        var served = loop.Connections.Select(static c => c.ServedBefore - c.ServedInWarmup).ToList();
        return new LoadReport
        {
            Target = options.Target.ToString() ?? "",
            Protocol = protocol,
            Connections = options.Connections,
            Pipeline = options.Pipeline,
            RequestBytes = options.Form.RequestLength,
            Rate = options.Rate,
            Seconds = length,
            Requests = requests,
            RequestsPerSecond = requests / length,
            LatencyMicroseconds = LatencyFigures.Of(latency),
            Fairness = Fairness.Of(served.Min(), served.Max()),
            LeastServed = served.Min(),
            MostServed = served.Max(),
            AllConnectedSeconds = loop.AllConnected?.TotalSeconds,
            AllServedSeconds = loop.AllServed?.TotalSeconds,
            ClientCpuMicrosecondsPerRequest = PerRequest(loop.ProcessorTime.Client, requests),
            ServerCpuMicrosecondsPerRequest = loop.ProcessorTime.Server is { } time ? PerRequest(time, requests) : null,
            PerSecond = seconds,
        };
    }

    private static double PerRequest(TimeSpan time, long requests) => time.TotalMicroseconds / Math.Max(requests, 1);
}
