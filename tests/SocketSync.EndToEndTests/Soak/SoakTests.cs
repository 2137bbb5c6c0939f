using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace SocketSync.EndToEndTests;

/// <summary>
/// Clients, devices and an operator that do everything wrong at once, for SOCKETSYNC_SOAK_SECONDS (10 when not set), in rounds. After
/// each round everybody has left, and what the clients were told is what the devices did; from round to round nothing grows.
/// A failure names the seed of its plan, which SOCKETSYNC_SOAK_SEED repeats.
/// </summary>
[Collection(HeavyTests.Name)]
public sealed class SoakTests
{
    private const int ClientsPerDoor = 3;
    private const byte Read = 3;
    private const byte Write = 6;

    private static readonly TimeSpan Round = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task EverybodyMisbehaves()
    {
        var time = TimeSpan.FromSeconds(Number("SOCKETSYNC_SOAK_SECONDS") ?? 10);
        var seed = Number("SOCKETSYNC_SOAK_SEED") ?? Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"SOCKETSYNC_SOAK_SEED={seed}");
        await using var stage = await SoakStage.SetAsync(seed);
        var footprints = new List<SoakFootprint>();
        var watch = Stopwatch.StartNew();
        for (var round = 0; round < 2 || watch.Elapsed < time; round++)
        {
            try
            {
                await PlayAsync(stage, HashCode.Combine(seed, round), Round);
                await SettleAsync(stage);
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"in round {round} of SOCKETSYNC_SOAK_SEED={seed}: {error.Message}", error);
            }

            footprints.Add(await SoakFootprint.OfAsync(stage.Server));
            TestContext.Current.TestOutputHelper?.WriteLine($"after round {round}: {footprints[^1]}");
        }

        footprints[^1].AssertNoMoreThan(footprints[0], footprints[^2]);
    }

    private static async Task PlayAsync(SoakStage stage, int seed, TimeSpan time)
    {
        var seeds = new Random(seed);
        var listeners = (await stage.Server.StatusAsync()).Listeners;
        var clients = new List<SoakClient>();
        foreach (var door in await stage.DoorsAsync())
        {
            for (var i = 0; i < ClientsPerDoor; i++) clients.Add(new(stage.Lines, door, $"{door.Name}{i}", new Random(seeds.Next())));
        }

        foreach (var (ledger, listener) in new[] { (stage.Serial, "Serial"), (stage.Program, "Program") })
        {
            for (var i = 0; i < ClientsPerDoor; i++)
                clients.Add(new(ledger, SoakDoor.Tcp(listeners[listener].Port), $"{listener}{i}", new Random(seeds.Next())) { AreLarge = false });
        }

        var steering = new SoakOperator(stage.Server, SoakStage.Resources, stage.Settings, new Random(seeds.Next()));
        using var end = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var modbus = Enumerable.Range(0, ClientsPerDoor).Select(_ => AskModbusAsync(stage.Modbus, listeners["Modbus"].Port, new Random(seeds.Next()), end.Token));
        var leases = Enumerable.Range(0, ClientsPerDoor).Select(_ => LeaseAsync(listeners["Leased"].Port, new Random(seeds.Next()), end.Token));
        var reference = AskReferenceAsync(listeners[SoakStage.Reference].Port, over.Token);
        var operating = Task.Run(() => steering.RunAsync(end.Token), CancellationToken.None);
        List<Task> all = [.. clients.Select(c => Task.Run(() => c.RunAsync(end.Token), CancellationToken.None)), .. modbus, .. leases, operating, reference];
        await Task.WhenAny([Task.Delay(time, TestContext.Current.CancellationToken), .. all]); // What fails ends the round.
        await end.CancelAsync();
        await Task.WhenAll(all[..^1]);
        await over.CancelAsync();
        var worst = await reference;

        TestContext.Current.TestOutputHelper?.WriteLine(string.Join('\n', new[] { stage.Lines, stage.Modbus, stage.Serial, stage.Program }
            .Select(ledger => $"{ledger.Resource}: {string.Join(", ", ledger.Counts)}")));
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{clients.Sum(c => c.Connections)} connections, {clients.Sum(c => c.Surprises)} closed that did nothing wrong; "
            + $"the operator acted {steering.Actions} times and closed {steering.Closed}; the reference took {worst.TotalMilliseconds:0} ms at most");
        // No client is closed that did nothing wrong, but by the operator.
        Assert.InRange(clients.Sum(c => c.Surprises), 0, steering.Closed);
        Assert.All([stage.Lines, stage.Modbus, stage.Serial, stage.Program], ledger => Assert.True(ledger.Counts.ContainsKey(SoakLedger.Ok), ledger.Resource));
    }

    private static async Task SettleAsync(SoakStage stage)
    {
        await stage.Server.WaitForStatusAsync(
            s => s.Listeners.Values.All(l => l.Connections == 0) && s.Resources.Values.All(r => r is { Turn: null, QueueLength: 0, State: "Idle" }),
            TimeSpan.FromSeconds(30));
        await stage.Server.WaitForReadinessAsync(HttpStatusCode.OK);
        stage.Settle();
    }

    private static async Task AskModbusAsync(SoakLedger ledger, int port, Random random, CancellationToken end)
    {
        await Task.Yield();
        TestClient? client = null;
        try
        {
            while (!end.IsCancellationRequested && ledger.NextNumber() is < ushort.MaxValue and var number)
            {
                var function = number % 2 == 0 ? Read : Write;
                var id = $"{function} {number}";
                ledger.Begin(id);
                try
                {
                    client ??= await TestClient.ConnectAsync(port);
                    var code = await ModbusTestClient.AskAsync(client, (ushort)random.Next(ushort.MaxValue), function, (ushort)number);
                    ledger.Told(id, code switch
                    {
                        0 => SoakLedger.Ok,
                        ModbusTestClient.Busy => SoakLedger.Busy,
                        ModbusTestClient.Unavailable => SoakLedger.Unavailable,
                        ModbusTestClient.TimedOut => SoakLedger.TimedOut,
                        _ => $"exception {code}",
                    });
                    if (code != 0) await Task.Delay(random.Next(1, 40), CancellationToken.None);
                }
                catch (Exception error) when (error is IOException or System.Net.Sockets.SocketException)
                {
                    client?.Dispose(); // The operator has closed it.
                    client = null;
                }
            }
        }
        finally
        {
            client?.Dispose();
        }
    }

    /// <summary>Takes a lease, and gives it up in any way there is, or keeps it until it is taken away.</summary>
    private static async Task LeaseAsync(int port, Random random, CancellationToken end)
    {
        await Task.Yield();
        while (!end.IsCancellationRequested)
        {
            using var client = await TestClient.ConnectAsync(port);
            try
            {
                if (await client.AskAsync("mine") is not "mine") continue;
                switch (random.Next(4))
                {
                    case 0:
                        client.Reset();
                        break;
                    case 1:
                        client.HalfClose();
                        Assert.Equal("", await client.ReadToEndAsync());
                        break;
                    case 2:
                        await client.WaitForCloseAsync(); // MaxHold
                        break;
                }
            }
            catch (Exception error) when (error is IOException or System.Net.Sockets.SocketException)
            {
                // The operator has closed it.
            }
        }
    }

    private static async Task<TimeSpan> AskReferenceAsync(int port, CancellationToken end)
    {
        var worst = TimeSpan.Zero;
        using var client = await TestClient.ConnectAsync(port);
        for (var i = 0; !end.IsCancellationRequested; i++)
        {
            var watch = Stopwatch.StartNew();
            Assert.Equal($"{i}", await client.AskAsync($"{i}"));
            worst = worst > watch.Elapsed ? worst : watch.Elapsed;
            await Task.Delay(1, CancellationToken.None);
        }

        return worst;
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number) ? number : null;
}
