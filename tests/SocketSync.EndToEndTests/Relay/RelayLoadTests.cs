namespace SocketSync.EndToEndTests;

[Collection(HeavyTests.Name)]
public sealed class RelayLoadTests
{
    private const string Ok = "ok";
    private const string Busy = "busy";
    private const string Unavailable = "unavailable";
    private const string TimedOut = "timeout";

    /// <summary>Each request is to reach the device.</summary>
    private const string NeverRest = """, "Rest": { "After": 0 } """;

    private static readonly byte[] Functions = [3, 6, 16];
    private static readonly TimeSpan AfterRefusal = TimeSpan.FromMilliseconds(100);

    [Fact]
    public async Task ModbusClientsNeverSeeEachOthersRepliesWhateverTheDeviceDoes()
    {
        await using var device = new ScriptedDevice(new ModbusTcpDialect(), Misbehaviour.WithIds.ServeAsync);
        await RunAsync(device, "ModbusTcp", NeverRest, 64, 200, AskModbusAsync);
    }

    [Fact]
    public async Task NeitherDoThoseOfADeviceThatSpeaksRtu()
    {
        await using var device = new ScriptedDevice(new ModbusRtuDialect(), Misbehaviour.Rtu.ServeAsync);
        await RunAsync(device, "ModbusTcp", """, "Protocol": { "Name": "ModbusRtu" } """ + NeverRest, 16, 100, AskModbusAsync);
    }

    [Fact]
    public async Task NeitherDoThoseOfADeviceThatSpeaksLines()
    {
        await using var device = new ScriptedDevice(new LineDialect(), Misbehaviour.WithoutIds.ServeAsync);
        await RunAsync(device, "Line", "", 16, 100, AskLineAsync);
    }

    private static async Task RunAsync(
        ScriptedDevice device, string protocol, string more, int clients, int requests, Func<TestClient, int, Task<(string Key, string Outcome)>> ask)
    {
        // One client more than may wait: now and then one is refused.
        await using var server = await ServerProcess.StartAsync(RelaySettings.Of(
            protocol,
            $$"""{{device.Tcp}}, "ReplyTimeout": "00:00:00.200", "ReconnectDelay": "00:00:00.010", "MaxReconnectDelay": "00:00:00.050" {{more}}""",
            $""" "MaxQueue": {clients - 2} """));
        var port = (await server.StatusAsync()).Listener.Port;
        var told = (await Task.WhenAll(Enumerable.Range(0, clients).Select(id => Task.Run(async () =>
        {
            using var client = await TestClient.ConnectAsync(port);
            var outcomes = new List<(string Key, string Outcome)>();
            for (var i = 0; i < requests; i++)
            {
                outcomes.Add(await ask(client, (id * requests) + i));
                if (outcomes[^1].Outcome is Busy or Unavailable) await Task.Delay(AfterRefusal);
            }

            return outcomes;
        })))).SelectMany(outcomes => outcomes).ToList();

        device.AssertOneAtATime();
        var counts = told.CountBy(t => t.Outcome, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{string.Join(", ", counts)}; {device.Services.Count} services on {device.Connections.Count} connections");
        Assert.True(counts[Ok] > clients * requests * 6 / 10, $"only {counts[Ok]} were answered");
        Assert.All([TimedOut, Unavailable, Busy], outcome => Assert.True(counts.ContainsKey(outcome), outcome));
        var services = device.Services.ToLookup(s => s.Key, StringComparer.Ordinal);
        foreach (var (key, outcome) in told) AssertJust(key, outcome, [.. services[key]]);
        Assert.Equal(told.Count, told.Select(t => t.Key).Distinct(StringComparer.Ordinal).Count());
        await server.WaitForStatusAsync(s => s.Resource is { Turn: null, QueueLength: 0, Link.State: "Up", Link.DiscardedBytes: > 0 } resource
            && resource.Completed == counts[Ok] && resource.Refused == counts[Busy] + counts[Unavailable] && resource.Failed == counts[TimedOut]);
    }

    /// <summary>What the client was told is what the device knows.</summary>
    private static void AssertJust(string key, string outcome, DeviceService[] services)
    {
        var what = $"{key} was told {outcome}; the device knows {string.Join(", ", services.Select(s => s.ToString()))}";
        var isRead = key.StartsWith("3 ", StringComparison.Ordinal);
        Assert.True(services.Length <= (isRead ? 2 : 1), what);
        Assert.True(services.SkipLast(1).All(s => s.Fate == Fate.Died), what);
        switch (outcome)
        {
            case Ok:
                Assert.True(services.Length > 0 && services[^1].Fate == Fate.Answered, what);
                break;
            case Busy:
                Assert.True(services.Length == 0, what);
                break;
            case Unavailable:
                Assert.True(services.All(s => s.Fate == Fate.Died), what);
                break;
            default:
                Assert.True(outcome == TimedOut && services.Length > 0, what);
                break;
        }
    }

    private static async Task<(string Key, string Outcome)> AskModbusAsync(TestClient client, int number)
    {
        var function = Functions[number % Functions.Length];
        var code = await ModbusTestClient.AskAsync(client, (ushort)(number + 1), function, (ushort)number);
        return ($"{function} {number}", code switch
        {
            0 => Ok,
            ModbusTestClient.Busy => Busy,
            ModbusTestClient.Unavailable => Unavailable,
            ModbusTestClient.TimedOut => TimedOut,
            _ => $"exception {code}",
        });
    }

    private static async Task<(string Key, string Outcome)> AskLineAsync(TestClient client, int number)
    {
        var request = $"request {number}";
        var reply = await client.AskAsync(request);
        if (reply is not null && reply.StartsWith("ERROR ", StringComparison.Ordinal)) return (request, reply.Split(' ')[1]);
        Assert.Equal("=" + request, reply);
        return (request, Ok);
    }
}
