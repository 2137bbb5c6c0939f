using System.Net.Sockets;
using System.Text;

namespace SocketSync.EndToEndTests;

/// <summary>Modbus over UDP, floods of datagrams, and routes of units, as senders of datagrams see them.</summary>
[Collection(HeavyTests.Name)]
public sealed class DatagramRelayTests
{
    [Fact]
    public async Task ModbusFramesAreRelayedAndRefusedAsOverTcp()
    {
        await using var device = new ScriptedDevice(new ModbusTcpDialect());
        await using var server = await ServerProcess.StartAsync($$"""
            "Listeners": { "Default": { "Port": 0, "Transport": "Datagram" } },
            "Resources": { "Default": { "Processor": "Relay", "Protocol": { "Name": "ModbusTcp" }, "Link": { {{RelaySettings.Quick(device)}} } } }
            """);
        var port = (await server.StatusAsync()).Listener.Port;
        var senders = Enumerable.Range(0, 8).Select(_ => DatagramClient.OfUdp(port)).ToList();
        for (var round = 0; round < 10; round++)
        {
            for (var i = 0; i < senders.Count; i++) senders[i].Send(Request(i, round));
            for (var i = 0; i < senders.Count; i++) Assert.Equal(Hex(Reply(i, round)), Hex(await senders[i].ReceiveAsync()));
        }

        // The device says nothing to one sender; its reply comes late, and is nobody's.
        device.Script = async service =>
        {
            await Task.Delay(400);
            await service.AnswerAsync();
        };
        Assert.Equal(Hex(Exception(0x0B)), Hex(await senders[0].AskAsync(Request(0, 99))));
        device.Script = service => service.AnswerAsync();
        Assert.Equal(Hex(Reply(1, 100)), Hex(await senders[1].AskAsync(Request(1, 100))));
        Assert.False(senders[0].HasMore);
        device.AssertOneAtATime();
        senders.ForEach(sender => sender.Dispose());
    }

    [Fact]
    public async Task AFloodOfThemHoldsUpNoOtherResource()
    {
        await using var server = await ServerProcess.StartAsync(SecondResource.Beside(
            """ "Protocol": { "Name": "Line" } """, """ "Transport": "Datagram" """));
        using var second = await SecondResource.OfAsync(server);
        var port = (await server.StatusAsync()).Listener.Port;
        await second.AssertUndisturbedAsync(TimeSpan.FromSeconds(3), Flood("x\n"), Flood("no end"));
        await server.WaitForStatusAsync(s => s.Listener is { Accepted: > 10_000, Connections: 0 });

        Action<CancellationToken> Flood(string datagram) => end =>
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect("127.0.0.1", port);
            var bytes = Encoding.ASCII.GetBytes(datagram);
            while (!end.IsCancellationRequested) socket.Send(bytes);
        };
    }

    private static string Request(int sender, int round) => Frame(1, 3, (byte)sender, (byte)round, 0, 1);

    private static string Reply(int sender, int round) => Frame(1, 3, 2, (byte)sender, (byte)round);

    private static string Exception(byte code) => Frame(1, 0x83, code);

    // All senders use the same transaction ids: only where a datagram comes from tells them apart.
    private static string Frame(byte unit, params byte[] pdu) =>
        Encoding.Latin1.GetString([0, 7, 0, 0, 0, (byte)(pdu.Length + 1), unit, .. pdu]);

    private static string Hex(string bytes) => Convert.ToHexString(Encoding.Latin1.GetBytes(bytes));
}
