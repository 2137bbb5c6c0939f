using System.Diagnostics;
using System.Net;

namespace SocketSync.EndToEndTests;

/// <summary>A Modbus RTU bus at the speeds that such have, with what happens on them.</summary>
[Collection(HeavyTests.Name)]
public sealed class BusTests
{
    private const byte Read = 3;
    private const byte Write = 6;

    [Theory]
    [InlineData(1200, 10, 32.083)]
    [InlineData(9600, 25, 4.0104)]
    [InlineData(19200, 25, 2.0052)]
    [InlineData(115200, 50, 1.75)]
    public async Task TheSilenceBetweenAReplyAndTheNextRequestIsKept(int baudRate, int requests, double milliseconds)
    {
        await using var bus = await SimulatedBus.OpenAsync(baudRate, 1, 2);
        await using var server = await ServerProcess.StartAsync(RelaySettings.Of("ModbusTcp", bus.Serial));
        using var first = await server.ConnectAsync();
        using var second = await server.ConnectAsync();

        await Task.WhenAll(PollAsync(first, 1, requests), PollAsync(second, 2, requests));

        var asked = bus.Asked;
        Assert.Equal(2 * requests, asked.Count);
        List<double> gaps = [.. asked.Skip(1).Zip(asked, (next, last) => Stopwatch.GetElapsedTime(last.AnsweredAt, next.BeganAt).TotalMilliseconds).Order()];
        TestContext.Current.TestOutputHelper?.WriteLine($"{baudRate} Bd: {milliseconds} ms are due, least {gaps[0]:F2} ms, p50 {gaps[gaps.Count / 2]:F2} ms");
        Assert.True(gaps[0] >= milliseconds, $"{gaps[0]} ms, not {milliseconds} ms");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task ReadsWhoseRepliesAreDamagedAreAskedAgain(int retries)
    {
        const int Requests = 12;
        await using var bus = await SimulatedBus.OpenAsync(115200, 1, 2);
        bus.IsDamaged = request => request.Number % 4 == 0;
        await using var server = await ServerProcess.StartAsync(RelaySettings.Of("ModbusTcp", $$"""
            {{bus.Serial}}, "ReadRetries": {{retries}}, "ReplyTimeout": "{{(retries == 0 ? "00:00:00.400" : "00:00:03")}}", "Rest": { "After": 0 }
            """));
        using var first = await server.ConnectAsync();
        using var second = await server.ConnectAsync();
        var began = Stopwatch.GetTimestamp();

        var told = await Task.WhenAll(PollAsync(first, 1, Requests), PollAsync(second, 2, Requests));

        var damaged = bus.Asked.Count(bus.IsDamaged);
        TestContext.Current.TestOutputHelper?.WriteLine($"{damaged} of {bus.Asked.Count} replies damaged, {Stopwatch.GetElapsedTime(began).TotalSeconds:F2} s");
        Assert.True(damaged > 4, $"{damaged}");
        Assert.Equal(retries == 0 ? damaged : 0, told.Sum(t => t.TimedOut));
        Assert.Equal(retries == 0 ? 2 * Requests : (2 * Requests) + damaged, bus.Asked.Count);
        await server.WaitForStatusAsync(s => s.Resource.Link is { Connects: 1 } link && link.Retries == (retries == 0 ? 0 : damaged));

        bus.IsDamaged = _ => true;
        var before = bus.Asked.Count;
        Assert.Equal(ModbusTestClient.TimedOut, await AskAsync(first, 1, 1, Write, 7));
        Assert.Equal(before + 1, bus.Asked.Count); // a write is written once
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AnAdapterThatEchoesDisturbsNoRead(bool isConfigured)
    {
        await using var bus = await SimulatedBus.OpenAsync(19200, 1, 2);
        bus.Echoes = true;
        await using var server = await ServerProcess.StartAsync(RelaySettings.Of("ModbusTcp", $$"""
            {{bus.Serial}}, "LocalEcho": {{(isConfigured ? "true" : "false")}}, "ReadRetries": 2, "ReplyTimeout": "00:00:00.300"
            """));
        using var first = await server.ConnectAsync();
        using var second = await server.ConnectAsync();

        await Task.WhenAll(PollAsync(first, 1, 20), PollAsync(second, 2, 20));

        Assert.Equal(40, bus.Asked.Count);
        // Nobody is there; without the key the echo seems to be the answer, which the log has told.
        Assert.Equal(isConfigured ? ModbusTestClient.TimedOut : 0, await AskAsync(first, 1, 9, Write, 7));
        if (!isConfigured) await server.WaitForLogAsync("Link:LocalEcho to true");
        await server.WaitForStatusAsync(s => s.Resource.Link is { Retries: 0, Connects: 1 } link && (link.DiscardedBytes == 0) == isConfigured);
    }

    [Fact]
    public async Task ADriverWithoutDirectionControlIsToldWithTheDeviceAndTheKey()
    {
        await using var line = await SerialPair.OpenAsync();
        await using var server = await ServerProcess.StartUnreadyAsync(RelaySettings.Of("ModbusRtu", $$"""
            "Serial": { "Device": "{{line.Near}}" }, "Rs485": { "RtsOnSend": true, "DelayAfterSend": "00:00:00.001" }
            """));
        await server.WaitForReadinessAsync(HttpStatusCode.ServiceUnavailable);
        var told = $"serial {line.Near}: its driver has no RS-485 direction control (Link:Rs485)";
        var status = await server.WaitForStatusAsync(s => s.Resource.Link is { State: "Down" });
        Assert.StartsWith(told, status.Resource.Link!.LastError, StringComparison.Ordinal);
        await server.WaitForLogAsync(told);
    }

    private static async Task<(int Answered, int TimedOut)> PollAsync(TestClient client, byte unit, int requests)
    {
        var (answered, timedOut) = (0, 0);
        for (ushort i = 0; i < requests; i++)
        {
            if (await AskAsync(client, i, unit, Read, (byte)((unit << 6) + i)) == 0) answered++;
            else timedOut++;
        }

        return (answered, timedOut);
    }

    /// <summary>0 for its own answer, or the code of the exception that it timed out.</summary>
    internal static async Task<byte> AskAsync(TestClient client, ushort id, byte unit, byte function, byte address)
    {
        byte[] pdu = [function, 0, address, 0, 1];
        await client.SendAsync(ModbusTcpDialect.Frame([(byte)(id >> 8), (byte)id], unit, pdu));
        var header = await ModbusTestClient.ReadAsync(client, 7);
        var reply = await ModbusTestClient.ReadAsync(client, header[5] - 1);
        Assert.Equal(((byte)(id >> 8), (byte)id, unit), (header[0], header[1], header[6]));
        if (reply is [var failed, ModbusTestClient.TimedOut] && failed == (function | 0x80)) return ModbusTestClient.TimedOut;
        Assert.Equal(function == Read ? [Read, 2, 0, address] : pdu, reply);
        return 0;
    }
}
