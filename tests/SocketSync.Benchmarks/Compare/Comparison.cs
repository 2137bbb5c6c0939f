using System.Globalization;

namespace SocketSync.Benchmarks;

/// <summary>
/// Measures every contestant once per round, each round in another order, so that what the machine does meanwhile meets all of them alike.
/// </summary>
internal sealed class Comparison(CompareOptions options, Workplace place, TextWriter progress)
{
    private readonly List<Measurement> _measurements = [];

    public async Task<IReadOnlyList<Measurement>> RunAsync(CancellationToken cancellationToken)
    {
        var echo = options.Scenarios.Where(static s => s.Work is null).ToList();
        var relay = options.Scenarios.Where(static s => s.Work is not null).ToList();
        for (var round = 0; round < options.Rounds; round++)
        {
            if (echo.Count > 0)
            {
                foreach (var contestant in Rotate(Contestants.Echo.Where(c => options.Takes(c.Name) && c.IsInstalled), round))
                    await EchoAsync(round, contestant, echo, cancellationToken);
            }
            foreach (var scenario in relay) await RelayAsync(round, scenario, cancellationToken);
        }
        return _measurements;
    }

    private static IEnumerable<T> Rotate<T>(IEnumerable<T> all, int by)
    {
        var list = all.ToList();
        return list.Select((_, i) => list[(i + by) % list.Count]);
    }

    private async Task EchoAsync(int round, Contestant contestant, List<Scenario> scenarios, CancellationToken cancellationToken)
    {
        try
        {
            var port = FreePort.Next();
            await using var server = await ServerProcess.StartAsync(contestant.Name, contestant.Command(place, port), port, cancellationToken);
            foreach (var scenario in scenarios)
                await MeasureAsync(round, scenario, contestant.Name, port, contestant.Protocol, contestant.Reconnect, server.Id, cancellationToken);
        }
        catch (LoadFailureException e)
        {
            foreach (var scenario in scenarios) Add(new Measurement(round, scenario, contestant.Name, null, e.Message));
        }
    }

    private async Task RelayAsync(int round, Scenario scenario, CancellationToken cancellationToken)
    {
        var port = FreePort.Next();
        Contestant?[] ways = [null, .. Contestants.Relay(port, scenario.Protocol).Where(c => options.Takes(c.Name) && c.IsInstalled)];
        foreach (var way in Rotate(ways, round))
        {
            try
            {
                var work = scenario.Work!.Value.TotalMilliseconds.ToString(CultureInfo.InvariantCulture);
                await using var device = await ServerProcess.StartAsync(
                    "The device", Workplace.Self("peer", "device", "--port", port.ToString(CultureInfo.InvariantCulture), "--work-ms", work, "--modbus", scenario.Protocol == "ModbusTcp" ? "true" : "false"), port, cancellationToken);
                if (way is null)
                {
                    await MeasureAsync(round, scenario with { Connections = 1 }, Contestants.Direct, port, scenario.Protocol, false, device.Id, cancellationToken);
                    continue;
                }
                var front = FreePort.Next();
                await using var relay = await ServerProcess.StartAsync(way.Name, way.Command(place, front), front, cancellationToken);
                await MeasureAsync(round, scenario, way.Name, front, scenario.Protocol, way.Reconnect, relay.Id, cancellationToken);
            }
            catch (LoadFailureException e)
            {
                Add(new Measurement(round, scenario, way?.Name ?? Contestants.Direct, null, e.Message));
            }
        }
    }

    private async Task MeasureAsync(
        int round, Scenario scenario, string contestant, int port, string protocol, bool reconnect, int server, CancellationToken cancellationToken)
    {
        try
        {
            var report = await LoadProcess.RunAsync(port, scenario, protocol, reconnect, [server], options, cancellationToken);
            Add(new Measurement(round, scenario, contestant, report, null));
        }
        catch (LoadFailureException e)
        {
            Add(new Measurement(round, scenario, contestant, null, e.Message));
        }
    }

    private void Add(Measurement measurement)
    {
        _measurements.Add(measurement);
        var what = measurement.Report is { } r
            ? string.Create(CultureInfo.InvariantCulture, $"{r.RequestsPerSecond,12:N0} requests/s  p99 {r.LatencyMicroseconds.P99,10:N0} µs  fairness {r.Fairness:F2}")
            : "failed: " + measurement.Failure;
        progress.WriteLine($"round {measurement.Round + 1}/{options.Rounds}  {measurement.Scenario.Name,-10} {measurement.Contestant,-10} {what}");
    }
}
