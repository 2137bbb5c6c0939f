using System.Text;

namespace SocketSync.Tests;

/// <summary>Modbus ASCII on either side of a relay.</summary>
public class ModbusAsciiRelayTests
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);

    [Fact]
    public async Task AReplyIsFoundInTheNoiseOfALine()
    {
        using var setup = Bench("Ascii", "Ascii", keepsLateBytes: true);
        var client = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        await client.SendAsync(":1103006b00037e\r\n");
        Assert.Equal(":1103006B00037E\r\n", await device.ReadAsync(17));
        var noise = "\0x:1103" + Frame("Ascii", 12, 3, 2, 0, 1) + ":110302000100\r\n";
        await device.SendAsync(noise);
        await device.SendAsync(Frame("Ascii", 17, 3, 2, 0, 7));
        Assert.Equal(Frame("Ascii", 17, 3, 2, 0, 7), await ReadAsync(client, 15));
        Assert.Equal(noise.Length, setup.Manager.GetStatus().DiscardedBytes);
    }

    [Theory]
    [InlineData("Tcp")]
    [InlineData("Rtu")]
    [InlineData("Ascii")]
    public async Task ALateReplyOfALineTellsItsUnit(string clients)
    {
        using var setup = Bench(clients, "Ascii", keepsLateBytes: true);
        var (first, second) = (setup.Host.Connect(), setup.Host.Connect());
        var device = await setup.Link.AcceptAsync();
        await first.SendAsync(Frame(clients, 9, 3, 0, 1, 0, 1));
        Assert.Equal(Frame("Ascii", 9, 3, 0, 1, 0, 1), await device.ReadAsync(17));
        await SyncHost.AdvanceUntil(setup.Time, Step, () => setup.Host.Listener.CountOf(Outcome.Timeout) > 0, "the reply's time is over");
        var exception = Frame(clients, 9, 0x83, 0x0B);
        Assert.Equal(exception, await ReadAsync(first, exception.Length));

        var before = setup.Time.GetUtcNow();
        await second.SendAsync(Frame(clients, 1, 3, 0, 1, 0, 1));
        Assert.Equal(Frame("Ascii", 1, 3, 0, 1, 0, 1), await device.ReadAsync(17)); // without the silence
        Assert.Equal(before, setup.Time.GetUtcNow());
        await device.SendAsync(Frame("Ascii", 9, 3, 2, 0, 1));
        await device.SendAsync(Frame("Ascii", 1, 3, 2, 0, 2));
        var reply = Frame(clients, 1, 3, 2, 0, 2);
        Assert.Equal(reply, await ReadAsync(second, reply.Length));
        Assert.Equal(1, setup.Manager.GetStatus().Connects);
    }

    [Theory]
    [InlineData("Rtu")]
    [InlineData("Ascii")]
    public async Task WhatADeviceOnTcpSaysToABroadcastReachesNobody(string clients)
    {
        using var setup = Bench(clients, "Tcp", keepsLateBytes: false);
        var client = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        await client.SendAsync(Frame(clients, 0, 6, 0, 1, 0, 3) + Frame(clients, 1, 6, 0, 1, 0, 4));
        var written = await ReadAsync(device, 24);
        await device.SendAsync(written[..12]); // as it would answer any unit
        await device.SendAsync(written[12..]);
        var reply = Frame(clients, 1, 6, 0, 1, 0, 4);
        Assert.Equal(reply, await ReadAsync(client, reply.Length));
        Assert.Equal(12, setup.Manager.GetStatus().DiscardedBytes);
        Assert.Equal(2, setup.Host.Listener.CountOf(Outcome.Ok));
    }

    [Theory]
    [InlineData("Tcp")]
    [InlineData("Rtu")]
    [InlineData("Ascii")]
    public async Task ABroadcastOnALineIsNotWaitedFor(string clients)
    {
        using var setup = Bench(clients, "Ascii", keepsLateBytes: true);
        var client = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        await client.SendAsync(Frame(clients, 0, 6, 0, 1, 0, 3) + Frame(clients, 1, 3, 0, 1, 0, 1));
        Assert.Equal(Frame("Ascii", 0, 6, 0, 1, 0, 3) + Frame("Ascii", 1, 3, 0, 1, 0, 1), await ReadAsync(device, 34));
        await device.SendAsync(Frame("Ascii", 1, 3, 2, 0, 7));
        var reply = Frame(clients, 1, 3, 2, 0, 7);
        Assert.Equal(reply, await ReadAsync(client, reply.Length)); // and nothing before it
    }

    private static RelayBench Bench(string clients, string device, bool keepsLateBytes) => new(
        keepsLateBytes: keepsLateBytes, protocol: PlainModbus.Link(clients, device, 1000, PlainModbus.Units()), clients: new ProtocolOptions { Name = "Modbus" + clients },
        gate: new GateOptions { TurnTimeout = TimeSpan.FromSeconds(30) });

    private static string Frame(string framing, int unit, params byte[] pdu) => Encoding.Latin1.GetString(PlainModbus.Frame(framing, 7, unit, pdu));

    private static async Task<string> ReadAsync(ScriptedLink.Device device, int length)
    {
        var text = "";
        while (text.Length < length) text += await device.ReadAsync(1);
        return text;
    }

    private static async Task<string> ReadAsync(InMemoryConnection client, int length)
    {
        var result = await client.FromServer.ReadAtLeastAsync(length).AsTask().WaitAsync(TimeSpan.FromSeconds(20));
        var text = Encoding.Latin1.GetString(System.Buffers.BuffersExtensions.ToArray(result.Buffer.Slice(0, Math.Min(length, result.Buffer.Length))));
        client.FromServer.AdvanceTo(result.Buffer.GetPosition(text.Length));
        return text;
    }
}
