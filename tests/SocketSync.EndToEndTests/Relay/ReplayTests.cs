using System.Diagnostics;
using System.Net.Sockets;

namespace SocketSync.EndToEndTests;

/// <summary>What went wrong with other relays, byte for byte.</summary>
public sealed class ReplayTests
{
    private static readonly byte[] First = Convert.FromHexString("000100000006010300000001");
    private static readonly byte[] FirstReply = Convert.FromHexString("0001000000050103020011");
    private static readonly byte[] Second = Convert.FromHexString("000200000006010300100001");
    private static readonly byte[] SecondReply = Convert.FromHexString("0002000000050103020022");

    private static readonly byte[] RtuFirst = Convert.FromHexString("010300000001840A");
    private static readonly byte[] RtuFirstReply = Convert.FromHexString("01030200117848");
    private static readonly byte[] RtuSecond = Convert.FromHexString("01030010000185CF");
    private static readonly byte[] RtuSecondReply = Convert.FromHexString("0103020022385D");

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ALateModbusReplyIsNobodysBeforeAndAfterTheNextRequest(bool isBefore)
    {
        await using var device = new ScriptedDevice(new ModbusTcpDialect());
        device.Script = async service =>
        {
            if (service.Request.SequenceEqual(First)) return;
            Assert.Equal(Second, service.Request);
            if (!isBefore) await device.SendAsync(FirstReply);
            await service.SendAsync(SecondReply);
        };
        await using var server = await RelaySettings.StartAsync(device, "ModbusTcp");
        using var a = await server.ConnectAsync();
        using var b = await server.ConnectAsync();
        await a.SendAsync(First);
        Assert.Equal("00010000000301830B", Convert.ToHexString(await ModbusTestClient.ReadAsync(a, 9)));
        if (isBefore)
        {
            await server.WaitForStatusAsync(s => s.Resource.Link is { State: "Up", Connects: 2 });
            await Poll.UntilAsync(() => device.Connections.Count == 2, "the link was not opened again");
            await device.SendAsync(FirstReply);
        }

        await b.SendAsync(Second);
        Assert.Equal(SecondReply, await ModbusTestClient.ReadAsync(b, SecondReply.Length));
        await server.WaitForStatusAsync(s => s.Resource.Link!.DiscardedBytes == FirstReply.Length);
        await server.WaitForMetricAsync(FirstReply.Length, "socketsync_link_discarded_bytes_total", "resource=\"Default\"");
        await server.WaitForMetricAsync(2, "socketsync_link_connects_total", "resource=\"Default\"");
        device.AssertOneAtATime();
    }

    /// <summary>Clients of two listeners count alike; the device answers the first of them once more.</summary>
    [Fact]
    public async Task AModbusReplyThatComesTwiceIsNobodysOnAnotherListenerOfTheResource()
    {
        await using var device = new ScriptedDevice(new ModbusTcpDialect());
        device.Script = async service =>
        {
            if (service.Number > 1) await device.SendAsync(FirstReply);
            await service.SendAsync(service.Number == 1 ? FirstReply : [.. service.Request[..2], .. SecondReply[2..]]);
        };
        await using var server = await ServerProcess.StartAsync($$"""
            "Listeners": { "Default": { "Port": 0 }, "Other": { "Port": 0, "Resource": "Default" } },
            "Resources": { "Default": { "Processor": "Relay", "Protocol": { "Name": "ModbusTcp" }, "Link": { {{RelaySettings.Quick(device)}} } } }
            """);
        using var a = await server.ConnectAsync();
        using var b = await server.ConnectAsync("Other");
        await a.SendAsync(First);
        Assert.Equal(FirstReply, await ModbusTestClient.ReadAsync(a, FirstReply.Length));
        byte[] sameId = [.. First[..2], .. Second[2..]];
        await b.SendAsync(sameId);
        byte[] right = [.. First[..2], .. SecondReply[2..]];
        Assert.Equal(right, await ModbusTestClient.ReadAsync(b, SecondReply.Length));
        await server.WaitForStatusAsync(s => s.Resource.Link!.DiscardedBytes == FirstReply.Length);
        device.AssertOneAtATime();
    }

    [Fact]
    public async Task ALateRtuReplyIsNobodysOverTcp()
    {
        await using var device = new ScriptedDevice(new ModbusRtuDialect());
        DeviceService? late = null;
        device.Script = async service =>
        {
            if (service.Request.SequenceEqual(RtuFirst))
            {
                late = service;
                await Task.Delay(TimeSpan.FromMilliseconds(400)); // Still at it when its time is over.
                return;
            }

            try
            {
                await late!.SendAsync(RtuFirstReply);
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // The connection of the first request is gone by now, and its reply with it.
            }

            await service.SendAsync(RtuSecondReply);
        };
        await using var server = await RelaySettings.StartAsync(device, "ModbusRtu");
        using var a = await server.ConnectAsync();
        using var b = await server.ConnectAsync();
        await a.SendAsync(RtuFirst);
        Assert.Equal(ModbusRtuDialect.Frame([1, 0x83, 0x0B]), await ModbusTestClient.ReadAsync(a, 5));
        await b.SendAsync(RtuSecond);
        Assert.Equal(RtuSecondReply, await ModbusTestClient.ReadAsync(b, RtuSecondReply.Length));
        device.AssertOneAtATime();
    }

    [Fact]
    public async Task ALateRtuReplyIsNobodysOnASerialLine()
    {
        await using var line = await SerialPair.OpenAsync();
        await using var server = await ServerProcess.StartAsync(RelaySettings.Of(
            "ModbusRtu", $$""" "Serial": { "Device": "{{line.Near}}", "BaudRate": 115200 }, "ReplyTimeout": "00:00:01" """));
        using var a = await server.ConnectAsync();
        using var b = await server.ConnectAsync();
        await a.SendAsync(RtuFirst);
        Assert.Equal(RtuFirst, await line.ReadAsync(RtuFirst.Length));
        Assert.Equal(ModbusRtuDialect.Frame([1, 0x83, 0x0B]), await ModbusTestClient.ReadAsync(a, 5));
        await b.SendAsync(RtuSecond);
        var watch = Stopwatch.StartNew(); // Before the write: the silence cannot begin earlier.
        await line.WriteAsync(RtuFirstReply); // Before the line was silent for ReplyTimeout.
        Assert.Equal(RtuSecond, await line.ReadAsync(RtuSecond.Length));
        // A second of silence, but for what passed until the watch ran.
        Assert.True(watch.Elapsed > TimeSpan.FromMilliseconds(500), $"written after {watch.Elapsed}, on a line that was not silent");
        await line.WriteAsync(RtuSecondReply);
        Assert.Equal(RtuSecondReply, await ModbusTestClient.ReadAsync(b, RtuSecondReply.Length));
        await server.WaitForStatusAsync(s => s.Resource.Link is { State: "Up", Connects: 1, DiscardedBytes: 7 });
    }

    [Theory]
    [InlineData("ModbusTcp")]
    [InlineData("ModbusRtu")]
    public async Task AReplyInTwoHalvesWithAPauseIsOneReply(string deviceSpeaks)
    {
        DeviceDialect dialect = deviceSpeaks == "ModbusTcp" ? new ModbusTcpDialect() : new ModbusRtuDialect();
        await using var device = new ScriptedDevice(dialect, service => service.AnswerInHalvesAsync(TimeSpan.FromMilliseconds(150)));
        await using var server = await ServerProcess.StartAsync(RelaySettings.Of(
            "ModbusTcp", $$"""{{device.Tcp}}, "Protocol": { "Name": "{{deviceSpeaks}}" } """));
        using var client = await server.ConnectAsync();
        Assert.Equal(0, await ModbusTestClient.AskAsync(client, 7, 3, 0x1234));
        Assert.Equal(0, await ModbusTestClient.AskAsync(client, 8, 6, 0x1235));
        await server.WaitForStatusAsync(s => s.Resource is { Completed: 2, Failed: 0, Link: { Connects: 1, DiscardedBytes: 0 } });
        device.AssertOneAtATime();
    }

    [Fact]
    public async Task AHeaderOfLengthOneAndNothingAfterCostsOnlyItsRequest()
    {
        await using var device = new ScriptedDevice(new ModbusTcpDialect());
        device.Script = service => service.Number == 1
            ? service.SendAsync([service.Request[0], service.Request[1], 0, 0, 0, 1, 1])
            : service.AnswerAsync();
        await using var server = await RelaySettings.StartAsync(device, "ModbusTcp");
        using var client = await server.ConnectAsync();
        Assert.Equal(ModbusTestClient.Unavailable, await ModbusTestClient.AskAsync(client, 1, 3, 1));
        Assert.Equal(0, await ModbusTestClient.AskAsync(client, 2, 3, 2));
        Assert.Equal(2, device.Services.Count);
        device.AssertOneAtATime();
    }

    [Fact]
    public async Task AReplyInPiecesEndsBySilenceWhereTheProtocolIsRaw()
    {
        await using var device = new ScriptedDevice(new LineDialect(), service => service.AnswerInHalvesAsync(TimeSpan.FromMilliseconds(20)));
        await using var server = await ServerProcess.StartAsync(RelaySettings.Of("Raw", $$"""{{device.Tcp}}, "ReplyQuietTime": "00:00:00.300" """));
        using var client = await server.ConnectAsync();
        Assert.Equal("=one", await client.AskAsync("one"));
        Assert.Equal("=two", await client.AskAsync("two"));
        await server.WaitForStatusAsync(s => s.Resource is { Completed: 2, Link.DiscardedBytes: 0 });
    }
}
