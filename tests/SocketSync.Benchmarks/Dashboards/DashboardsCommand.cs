using System.CommandLine;
using System.Globalization;

namespace SocketSync.Benchmarks;

/// <summary><c>dashboards</c>: many who poll the same registers of a slow line, without and with a cache, and what a cached reply costs.</summary>
internal static class DashboardsCommand
{
    /// <summary>Young enough for who polls once a second.</summary>
    private static readonly TimeSpan MaxAge = TimeSpan.FromMilliseconds(500);

    public static Command Create()
    {
        var clients = new Option<int>("--clients") { Description = "Dashboards, each of which polls once a second.", DefaultValueFactory = _ => 50 };
        var seconds = new Option<int>("--seconds") { Description = "How long each case is measured.", DefaultValueFactory = _ => 20 };
        var asks = new Option<int>("--asks") { Description = "Requests of the one client whose replies are timed.", DefaultValueFactory = _ => 20_000 };
        var command = new Command("dashboards", "Measures a cache: dashboards on a line of 9600 baud, and one client alone.") { clients, seconds, asks };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            Console.WriteLine(await OnASlowLineAsync(parsed.GetValue(clients), parsed.GetValue(seconds), cancellationToken));
            Console.WriteLine(await AloneAsync(parsed.GetValue(asks), cancellationToken));
            return 0;
        });
        return command;
    }

    private static async Task<MarkdownTable> OnASlowLineAsync(int clients, int seconds, CancellationToken cancellationToken)
    {
        var table = new MarkdownTable("dashboards", "answered within the second", "p50 ms", "p99 ms", "device asked per second");
        foreach (var maxAge in (TimeSpan[])[TimeSpan.Zero, MaxAge])
        {
            await using var line = new SlowLine(SlowLine.TimeAt9600);
            await using var server = await MeasuredServer.StartAsync(Relay(line.Port, maxAge), cancellationToken);
            var port = await server.PortAsync("Default", cancellationToken);
            var start = TimeProvider.System.GetTimestamp();
            var polls = await Task.WhenAll(Enumerable.Range(0, clients).Select(
                i => Dashboard.PollAsync(port, seconds, TimeSpan.FromSeconds((double)i / clients), cancellationToken)));
            var took = TimeProvider.System.GetElapsedTime(start).TotalSeconds;
            var answered = polls.SelectMany(p => p).OfType<double>().Order().ToList();
            table.Add(
                maxAge == TimeSpan.Zero ? $"{clients}, no cache" : $"{clients}, `MaxAge` {maxAge.TotalSeconds} s",
                Text(answered.Count(ms => ms <= 1000) * 100.0 / (clients * seconds)) + " %",
                Text(answered[answered.Count / 2]), Text(answered[(int)(answered.Count * 0.99)]), Text(line.Asked / took));
        }

        return table;
    }

    private static async Task<MarkdownTable> AloneAsync(int asks, CancellationToken cancellationToken)
    {
        await using var device = new SlowLine(TimeSpan.Zero);
        var table = new MarkdownTable("one client", "requests/s", "p50 µs", "p99 µs");
        await AddAsync("a turn of `Echo`", ["Processor=Echo", "Protocol:Name=ModbusTcp"]);
        await AddAsync("a turn of `Relay`, the device answers at once", Relay(device.Port, TimeSpan.Zero));
        await AddAsync("a reply that is kept", Relay(device.Port, TimeSpan.FromHours(1)));
        return table;

        async Task AddAsync(string name, string[] keys)
        {
            await using var server = await MeasuredServer.StartAsync(keys, cancellationToken);
            using var client = await Dashboard.ConnectAsync(await server.PortAsync("Default", cancellationToken), cancellationToken);
            for (var i = 0; i < asks / 2; i++) // until the code is compiled for good
                client.Ask();
            var times = new double[asks];
            var start = TimeProvider.System.GetTimestamp();
            for (var i = 0; i < asks; i++)
            {
                var begun = TimeProvider.System.GetTimestamp();
                client.Ask();
                times[i] = TimeProvider.System.GetElapsedTime(begun).TotalMicroseconds;
            }

            var took = TimeProvider.System.GetElapsedTime(start).TotalSeconds;
            Array.Sort(times);
            table.Add(name, Text(asks / took), Text(times[asks / 2]), Text(times[(int)(asks * 0.99)]));
        }
    }

    private static string[] Relay(int device, TimeSpan maxAge) =>
    [
        "Processor=Relay", "Protocol:Name=ModbusTcp", "Link:Tcp:Host=127.0.0.1", string.Create(CultureInfo.InvariantCulture, $"Link:Tcp:Port={device}"),
        $"Cache:MaxAge={maxAge}",
    ];

    private static string Text(double value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
