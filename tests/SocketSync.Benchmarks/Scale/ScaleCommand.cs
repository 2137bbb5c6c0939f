using System.CommandLine;
using System.Globalization;
using System.Text.Json;

namespace SocketSync.Benchmarks;

/// <summary><c>scale</c>: one server with many relays, each with a device of its own connection and a client that always asks.</summary>
internal static class ScaleCommand
{
    private const int LeastClients = 64;

    public static Command Create()
    {
        var relays = new Option<int[]>("--relays") { Description = "How many relays.", DefaultValueFactory = static _ => [1, 100, 1000], AllowMultipleArgumentsPerToken = true };
        var threads = new Option<int[]>("--threads") { Description = "SocketSync:IoThreads.", DefaultValueFactory = static _ => [1, 2], AllowMultipleArgumentsPerToken = true };
        var rounds = new Option<int>("--rounds") { Description = "How often each is measured, in turns; the medians are shown.", DefaultValueFactory = static _ => 3 };
        var seconds = new Option<double>("--seconds") { Description = "How long each time.", DefaultValueFactory = static _ => 3 };
        var command = new Command("scale", "Measures many busy relays in one server, and what a resource takes of memory. Needs gcc, for the devices.") { relays, threads, rounds, seconds };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            return await MarkdownTable.PrintAsync("gcc", "the devices are a program in C", () => MeasureAsync(
                parsed.GetValue(relays)!, parsed.GetValue(threads)!, new CompareOptions { Rounds = parsed.GetValue(rounds), Seconds = parsed.GetValue(seconds), Warmup = 2, Scenarios = [], Contestants = [] },
                cancellationToken));
        });
        return command;
    }

    private static async Task<MarkdownTable> MeasureAsync(int[] relays, int[] threads, CompareOptions options, CancellationToken cancellationToken)
    {
        using var place = new Workplace();
        var device = FreePort.Next();
        await using var devices = await ServerProcess.StartAsync(
            "The devices", Workplace.Program(place.BuildC("epoll.c"), device.ToString(CultureInfo.InvariantCulture)), device, cancellationToken);
        var table = new MarkdownTable("relays", "clients", "I/O threads", "requests/s", "p50 µs", "p99 µs", "server CPU µs", "private memory MB");
        var measured = new Dictionary<(int Relays, int Threads), List<(LoadReport Load, double Memory)>>();
        for (var round = 0; round < options.Rounds; round++)
        {
            foreach (var count in relays)
            {
                foreach (var ioThreads in threads)
                {
                    if (!measured.TryGetValue((count, ioThreads), out var figures))
                        measured[(count, ioThreads)] = figures = [];
                    figures.Add(await OnceAsync(place, count, ioThreads, device, options, cancellationToken));
                }
            }
        }

        foreach (var ((count, ioThreads), figures) in measured)
        {
            var load = figures.Select(figure => figure.Load).ToList();
            table.Add(
                Text(count, "N0"), Text(Math.Max(count, LeastClients), "N0"), Text(ioThreads, "N0"), Middle(load.Select(l => (double?)l.RequestsPerSecond), "N0"),
                Middle(load.Select(l => (double?)l.LatencyMicroseconds.P50), "N0"), Middle(load.Select(l => (double?)l.LatencyMicroseconds.P99), "N0"),
                Middle(load.Select(l => l.ServerCpuMicrosecondsPerRequest), "N2"), Middle(figures.Select(figure => (double?)figure.Memory), "N1"));
        }

        return table;
    }

    private static async Task<(LoadReport Load, double Memory)> OnceAsync(
        Workplace place, int relays, int threads, int device, CompareOptions options, CancellationToken cancellationToken)
    {
        var first = FreePort.Next(relays);
        await using var server = await MeasuredServer.StartConfiguredAsync(place.Write($"{relays}.json", Configuration(relays, threads, first, device)), cancellationToken);
        var memory = server.Memory.Private / 1024.0 / 1024;
        var load = await LoadProcess.RunAsync(
            first, new Scenario("scale", Math.Max(relays, LeastClients), 1), "Line", reconnect: false, [server.Id], options, cancellationToken, ports: relays);
        return (load, memory);
    }

    private static string Configuration(int relays, int threads, int first, int device)
    {
        var names = Enumerable.Range(0, relays).Select(i => (Name: $"R{i}", Port: first + i)).ToList();
        return JsonSerializer.Serialize(new
        {
            SocketSync = new
            {
                IoThreads = threads,
                Listeners = names.ToDictionary(n => n.Name, n => new { n.Port, Resource = n.Name, Address = "127.0.0.1" }, StringComparer.Ordinal),
                Resources = names.ToDictionary(
                    n => n.Name, _ => new { Processor = "Relay", Protocol = new { Name = "Line" }, Link = new { Tcp = new { Host = "127.0.0.1", Port = device } } }, StringComparer.Ordinal),
            },
        });
    }

    private static string Middle(IEnumerable<double?> figures, string format) => Text(Median.Of(figures)?.Value ?? 0, format);

    private static string Text(double number, string format) => number.ToString(format, CultureInfo.InvariantCulture);
}
