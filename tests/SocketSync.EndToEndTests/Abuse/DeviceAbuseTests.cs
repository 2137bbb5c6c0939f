using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SocketSync.EndToEndTests;

/// <summary>Whatever a device sends, and however much of it, another resource of its server does not notice.</summary>
[Collection(HeavyTests.Name)]
public sealed class DeviceAbuseTests : IDisposable
{
    private const string Relay = """ "Processor": "Relay", "Protocol": { "Name": "{0}" }, "Link": { {1} } """;

    private static readonly TimeSpan Time = TimeSpan.FromSeconds(3);

    private readonly AbusedDevice _device = new();

    public void Dispose() => _device.Dispose();

    [Fact]
    public async Task ForeignModbusFramesAfterARequest()
    {
        var frames = string.Concat(Enumerable.Repeat("\xBA\xAD\0\0\0\x05\x01\x03\x02\x11\x22", 4000));
        await using var server = await ServerProcess.StartAsync(SecondResource.Beside(Resource("ModbusTcp", _device.Tcp)));
        using var second = await SecondResource.OfAsync(server);
        var port = (await server.StatusAsync()).Listener.Port;
        await second.AssertUndisturbedAsync(
            Time,
            _device.Serving(socket =>
            {
                socket.Receive(new byte[64]);
                _device.Flood(socket, Encoding.Latin1.GetBytes(frames));
            }),
            Asking(port, "\0\x01\0\0\0\x06\x01\x03\0\0\0\x01"));
        Assert.True(_device.Sent > 1 << 20, $"only {_device.Sent} bytes were sent");
    }

    [Fact]
    public async Task BytesThatNobodyAskedFor()
    {
        var lines = Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat("a measurement that nobody wants\n", 2000)));
        await using var server = await ServerProcess.StartAsync(SecondResource.Beside(Resource("Line", _device.Tcp)));
        using var second = await SecondResource.OfAsync(server);
        var port = (await server.StatusAsync()).Listener.Port;
        await second.AssertUndisturbedAsync(Time, _device.Serving(socket => _device.Flood(socket, lines)), Asking(port, "a\n"));
        Assert.True(_device.Sent > 1 << 20, $"only {_device.Sent} bytes were sent");
    }

    [Fact]
    public async Task AReplyThatIsCostlyToSearch()
    {
        var reply = Encoding.Latin1.GetBytes(new string('A', 30_000) + string.Concat(Enumerable.Repeat(" #", 15_000)) + "\n");
        var replies = 0;
        await using var server = await ServerProcess.StartAsync(SecondResource.Beside(Resource("Scpi", _device.Tcp)));
        using var second = await SecondResource.OfAsync(server);
        var port = (await server.StatusAsync()).Listener.Port;
        await second.AssertUndisturbedAsync(
            Time,
            _device.Serving(socket =>
            {
                while (socket.Receive(new byte[64]) > 0)
                {
                    for (var at = 0; at < reply.Length; at += 1000) socket.Send(reply, at, Math.Min(1000, reply.Length - at), SocketFlags.None);
                    replies++;
                }
            }),
            Asking(port, "MEAS?\n"));
        Assert.True(replies > 0, "no reply was sent");
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task ATunnelThatFloods(bool toTheDevice, bool toTheClient)
    {
        var bytes = new byte[65536];
        var fromClient = 0L;
        await using var server = await ServerProcess.StartAsync(SecondResource.Beside($$"""
            "Processor": "Tunnel", "Protocol": { "Name": "Raw" }, "Link": { {{_device.Tcp}} }
            """));
        using var second = await SecondResource.OfAsync(server);
        var port = (await server.StatusAsync()).Listener.Port;
        await second.AssertUndisturbedAsync(
            Time,
            _device.Serving(socket =>
            {
                if (!toTheClient)
                {
                    Abuser.Drain(socket);
                    return;
                }

                Abuser.Sink(socket);
                _device.Flood(socket, bytes);
            }),
            end =>
            {
                using var client = Abuser.Connect(port, end);
                client.Send("a"u8);
                if (!toTheDevice) Abuser.Drain(client);
                Abuser.Sink(client);
                while (!end.IsCancellationRequested) fromClient += client.Send(bytes);
            });
        if (toTheDevice) Assert.True(fromClient > 1 << 20, $"only {fromClient} bytes were sent to the device");
        if (toTheClient) Assert.True(_device.Sent > 1 << 20, $"only {_device.Sent} bytes were sent to the client");
    }

    [Fact]
    public async Task ASerialLineThatFloods()
    {
        await using var line = await SerialPair.OpenAsync();
        var noise = Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat("a measurement that nobody wants\n", 100)));
        var sent = 0L;
        await using var server = await ServerProcess.StartAsync(SecondResource.Beside(Resource("Line", $$"""
            "Serial": { "Device": "{{line.Near}}" }, "ReplyTimeout": "00:00:00.200"
            """)));
        using var second = await SecondResource.OfAsync(server);
        var port = (await server.StatusAsync()).Listener.Port;
        await second.AssertUndisturbedAsync(
            Time,
            end =>
            {
                while (!end.IsCancellationRequested)
                {
                    line.WriteAsync(noise).Wait(end);
                    sent += noise.Length;
                }
            },
            Asking(port, "a\n"));
        Assert.True(sent > 100_000, $"only {sent} bytes were sent");
    }

    [Theory]
    [InlineData("\xBA\xAD\0\0\0\x05\x01\x03\x02\x11\x22")] // foreign
    [InlineData("x")]
    [InlineData("")] // empty ones are none
    public async Task DatagramsWithoutEnd(string datagram)
    {
        using var device = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        device.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var sent = 0L;
        await using var server = await ServerProcess.StartAsync(SecondResource.Beside(Resource("ModbusTcp", $$"""
            "Udp": { "Host": "127.0.0.1", "Port": {{((IPEndPoint)device.LocalEndPoint!).Port}} }, "ReplyTimeout": "00:00:00.500"
            """)));
        using var second = await SecondResource.OfAsync(server);
        var port = (await server.StatusAsync()).Listener.Port;
        await second.AssertUndisturbedAsync(
            Time,
            end =>
            {
                var bytes = Encoding.Latin1.GetBytes(datagram);
                EndPoint? link = null;
                while (!end.IsCancellationRequested)
                {
                    if (device.Poll(0, SelectMode.SelectRead)) link = Ask(device) ?? link;
                    for (var i = 0; i < 100 && link is not null; i++) device.SendTo(bytes, link);
                    if (link is not null) sent += 100;
                }
            },
            Asking(port, "\0\x01\0\0\0\x06\x01\x03\0\0\0\x01"));
        Assert.True(sent > 10_000, $"only {sent} datagrams were sent");

        static EndPoint? Ask(Socket device)
        {
            EndPoint from = new IPEndPoint(IPAddress.Any, 0);
            try
            {
                device.ReceiveFrom(new byte[64], ref from);
                return from;
            }
            catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionRefused)
            {
                return null; // the link has another socket by now
            }
        }
    }

    private static string Resource(string protocol, string link) =>
        Relay.Replace("{0}", protocol, StringComparison.Ordinal).Replace("{1}", link, StringComparison.Ordinal);

    /// <summary>A client that asks whenever it was answered, refused or closed.</summary>
    private static Action<CancellationToken> Asking(int port, string request) => end =>
    {
        var reply = new byte[65536];
        while (!end.IsCancellationRequested)
        {
            using var client = Abuser.Connect(port, end);
            do client.Send(Encoding.Latin1.GetBytes(request));
            while (client.Receive(reply) > 0);
        }
    };
}
