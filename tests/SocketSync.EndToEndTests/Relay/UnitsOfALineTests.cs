using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace SocketSync.EndToEndTests;

/// <summary>A Modbus RTU bus of which one unit is not there.</summary>
[Collection(HeavyTests.Name)]
public sealed class UnitsOfALineTests
{
    private const byte Live = 1;
    private const byte Dead = 9;
    private const int Asked = 100;

    [Fact]
    public async Task ADeadUnitThatRestsCostsTheLiveOnesNothing()
    {
        await using var line = await SerialPair.OpenAsync();
        await using var server = await StartAsync(line);
        using var stop = new CancellationTokenSource();
        var bus = ServeAsync(line, stop.Token);
        using var live = await server.ConnectAsync();
        using var dead = await server.ConnectAsync();
        await MedianAsync(live);
        var alone = await MedianAsync(live);

        for (ushort i = 0; i < 3; i++) Assert.Equal(ModbusTestClient.TimedOut, await AskAsync(dead, i, Dead));
        var status = await server.WaitForStatusAsync(s => s.Resource.Link is { Resting: [Dead] });
        Assert.Equal("Idle", status.Resource.State);
        Assert.Equal(HttpStatusCode.OK, await server.ReadinessAsync());
        var readiness = await server.Http.GetFromJsonAsync<JsonElement>("/health/ready", TestContext.Current.CancellationToken);
        var entry = readiness.GetProperty("resources").GetProperty("Default");
        Assert.Equal("Degraded", entry.GetProperty("status").GetString());
        Assert.Contains("9", entry.GetProperty("description").GetString(), StringComparison.Ordinal);

        var reads = Volatile.Read(ref _deadAsked);
        var polling = PollAsync(dead, stop.Token);
        var beside = await MedianAsync(live);
        TestContext.Current.TestOutputHelper?.WriteLine($"p50 alone {alone.TotalMilliseconds:F2} ms, beside a dead unit {beside.TotalMilliseconds:F2} ms");
        Assert.True(beside < 1.5 * alone, $"{alone} alone, {beside} beside a dead unit");
        Assert.Equal(reads, Volatile.Read(ref _deadAsked));
        await stop.CancelAsync();
        Assert.True(await polling > Asked / 2, "the dead unit was polled meanwhile");
        await AskAsync(live, 0, Live); // the last that the bus serves
        await bus;
    }

    private int _deadAsked;

    private async Task ServeAsync(SerialPair line, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var request = await line.ReadAsync(8);
            if (request[0] == Dead)
            {
                Interlocked.Increment(ref _deadAsked);
                continue;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), CancellationToken.None);
            await line.WriteAsync(ModbusRtuDialect.Frame([request[0], 3, 2, request[2], request[3]]));
        }
    }

    private static async Task<int> PollAsync(TestClient client, CancellationToken stop)
    {
        var asked = 0;
        while (!stop.IsCancellationRequested)
        {
            Assert.Equal(ModbusTestClient.TimedOut, await AskAsync(client, (ushort)asked++, Dead));
            await Task.Delay(TimeSpan.FromMilliseconds(2), CancellationToken.None); // a client that polls, not one that floods
        }

        return asked;
    }

    private static async Task<TimeSpan> MedianAsync(TestClient client)
    {
        var times = new List<TimeSpan>();
        for (ushort i = 0; i < Asked; i++)
        {
            var before = Stopwatch.GetTimestamp();
            Assert.Equal(0, await AskAsync(client, i, Live));
            times.Add(Stopwatch.GetElapsedTime(before));
        }

        times.Sort();
        return times[Asked / 2];
    }

    /// <summary>0, or the exception's code.</summary>
    private static async Task<byte> AskAsync(TestClient client, ushort id, byte unit)
    {
        byte[] head = [(byte)(id >> 8), (byte)id];
        await client.SendAsync(ModbusTcpDialect.Frame(head, unit, [3, head[0], head[1], 0, 1]));
        var header = await ModbusTestClient.ReadAsync(client, 7);
        var pdu = await ModbusTestClient.ReadAsync(client, header[5] - 1);
        Assert.Equal((head[0], head[1], unit), (header[0], header[1], header[6]));
        return pdu[0] == 3 ? (byte)0 : pdu[1];
    }

    private static Task<ServerProcess> StartAsync(SerialPair line) => ServerProcess.StartAsync(RelaySettings.Of("ModbusTcp", $$"""
        "Serial": { "Device": "{{line.Near}}", "BaudRate": 115200 }, "Protocol": { "Name": "ModbusRtu" }, "ReplyTimeout": "00:00:00.300",
        "Rest": { "First": "00:00:30" }
        """));
}
