using System.CommandLine;
using System.Globalization;
using System.Text.Json;

namespace SocketSync.Benchmarks;

/// <summary>
/// <c>scale</c>: one server with many relays, each with a device's connection of its own and a client that always asks, beside a program in C
/// that does the same.
/// </summary>
internal static class ScaleCommand
{
    private const int LeastClients = 64;
    private const string Limit = "C";

    public static Command Create()
    {
        var relays = new Option<int[]>("--relays") { Description = "How many relays.", DefaultValueFactory = static _ => [1, 100, 1000], AllowMultipleArgumentsPerToken = true };
        var threads = new Option<int[]>("--threads") { Description = "SocketSync:IoThreads.", DefaultValueFactory = static _ => [1, 2], AllowMultipleArgumentsPerToken = true };
        var rounds = new Option<int>("--rounds") { Description = "How often each is measured, in turns; the medians are shown.", DefaultValueFactory = static _ => 3 };
        var seconds = new Option<double>("--seconds") { Description = "How long each time.", DefaultValueFactory = static _ => 3 };
        var warmup = new Option<double>("--warmup") { Description = "Seconds before it.", DefaultValueFactory = static _ => 3 };
        var command = new Command("scale", "Measures many busy relays in one server, and what a resource takes of memory. Needs gcc, for the devices.") { relays, threads, rounds, seconds, warmup };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var options = new CompareOptions
            {
                Rounds = parsed.GetValue(rounds), Seconds = parsed.GetValue(seconds), Warmup = parsed.GetValue(warmup), Scenarios = [], Contestants = [],
            };
            return await MarkdownTable.PrintAsync(
                "gcc", "the devices are a program in C", () => MeasureAsync(parsed.GetValue(relays)!, parsed.GetValue(threads)!, options, cancellationToken));
        });
        return command;
    }

    private static async Task<MarkdownTable> MeasureAsync(int[] relays, int[] threads, CompareOptions options, CancellationToken cancellationToken)
    {
        using var place = new Workplace();
        var device = FreePort.Next();
        await using var devices = await ServerProcess.StartAsync("The devices", Workplace.Program(place.BuildC("epoll.c"), Text(device)), device, cancellationToken);
        var measured = new Dictionary<(int Relays, string Server), List<Figures>>();
        for (var round = 0; round < options.Rounds; round++)
        {
            foreach (var count in relays)
            {
                await AddAsync(count, Limit, () => LimitAsync(place, count, device, options, cancellationToken));
                foreach (var io in threads)
                    await AddAsync(count, io == 1 ? "1 I/O thread" : $"{Text(io)} I/O threads", () => OwnAsync(place, count, io, device, options, cancellationToken));
            }
        }

        var table = new MarkdownTable(
            "relays", "clients", "server", "requests/s", "of C", "p50 µs", "p99 µs", "server CPU µs", "allocated bytes a request", "heap MB", "private MB");
        foreach (var ((count, server), all) in measured)
        {
            var limits = measured[(count, Limit)];
            table.Add(
                Text(count), Text(Math.Max(count, LeastClients)), server,
                Middle(all, f => f.Load.RequestsPerSecond, "N0"),
                server == Limit ? "" : Text(Median.Of(all.Zip(limits, static (own, limit) => (double?)(own.Load.RequestsPerSecond / limit.Load.RequestsPerSecond)))!.Value.Value, "F2"),
                Middle(all, f => f.Load.LatencyMicroseconds.P50, "N0"), Middle(all, f => f.Load.LatencyMicroseconds.P99, "N0"),
                Middle(all, f => f.Load.ServerCpuMicrosecondsPerRequest, "F1"), Middle(all, f => f.AllocatedBytes, "N0"),
                Middle(all, f => f.HeapMegabytes, "F1"), Middle(all, f => f.PrivateMegabytes, "F1"));
        }

        return table;

        async Task AddAsync(int count, string server, Func<Task<Figures>> measure)
        {
            if (!measured.TryGetValue((count, server), out var figures))
                measured[(count, server)] = figures = [];
            figures.Add(await measure());
        }
    }

    private static async Task<Figures> LimitAsync(Workplace place, int relays, int device, CompareOptions options, CancellationToken cancellationToken)
    {
        var first = FreePort.Next(relays);
        await using var server = await ServerProcess.StartAsync(
            Limit, Workplace.Program(place.BuildC("relay.c"), Text(first), Text(relays), Text(device)), first, cancellationToken);
        return new(await LoadAsync(first, relays, server.Id, options, cancellationToken));
    }

    private static async Task<Figures> OwnAsync(Workplace place, int relays, int threads, int device, CompareOptions options, CancellationToken cancellationToken)
    {
        var first = FreePort.Next(relays);
        await using var server = await MeasuredServer.StartConfiguredAsync(place.Write($"{Text(relays)}.json", Configuration(relays, threads, first, device)), cancellationToken);
        // Before it has served anybody: what a resource takes that is only there.
        var atStart = await server.HeapAsync(cancellationToken);
        var memory = server.Memory.Private;
        var load = await LoadAsync(first, relays, server.Id, options, cancellationToken);
        var atEnd = await server.HeapAsync(cancellationToken);
        return new(load)
        {
            AllocatedBytes = (double)(atEnd.Allocated - atStart.Allocated) / await ServedAsync(server, cancellationToken),
            HeapMegabytes = atStart.Alive / 1024.0 / 1024,
            PrivateMegabytes = memory / 1024.0 / 1024,
        };
    }

    private static Task<LoadReport> LoadAsync(int first, int relays, int server, CompareOptions options, CancellationToken cancellationToken) => LoadProcess.RunAsync(
        first, new Scenario("scale", Math.Max(relays, LeastClients), 1), "Line", reconnect: false, [server], options, cancellationToken, ports: relays);

    private static async Task<long> ServedAsync(MeasuredServer server, CancellationToken cancellationToken)
    {
        using var status = await server.StatusAsync(cancellationToken);
        return status.RootElement.GetProperty("resources").EnumerateObject().Sum(static resource => resource.Value.GetProperty("completed").GetInt64());
    }

    private static string Configuration(int relays, int threads, int first, int device)
    {
        var names = Enumerable.Range(0, relays).Select(i => (Name: $"R{Text(i)}", Port: first + i)).ToList();
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

    private static string Middle(List<Figures> all, Func<Figures, double?> figure, string format) =>
        Median.Of(all.Select(figure)) is { } middle ? Text(middle.Value, format) : "";

    private static string Text(int number) => Text(number, "D");

    private static string Text(IFormattable number, string format) => number.ToString(format, CultureInfo.InvariantCulture);

    private sealed record Figures(LoadReport Load)
    {
        /// <summary>Of the whole process, for each request, in the warm-up too.</summary>
        public double? AllocatedBytes { get; init; }

        public double? HeapMegabytes { get; init; }

        public double? PrivateMegabytes { get; init; }
    }
}
