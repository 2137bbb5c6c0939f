using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SocketSync.Tests;

public class DatagramRequestTests
{
    [Fact]
    public void ASenderOfWhomNoneWaitsIsNotRemembered()
    {
        var places = new SenderPlaces();
        var (a, b) = (Address(1), Address(2));
        for (var i = 0; i < SenderPlaces.Most; i++)
        {
            Assert.True(places.MayWait(a));
            places.Enter(Address(1)); // an equal address, not the same object
        }

        Assert.False(places.MayWait(a));
        Assert.True(places.MayWait(b));
        places.Leave(a);
        Assert.True(places.MayWait(a));
        for (var i = 1; i < SenderPlaces.Most; i++) places.Leave(a);
        Assert.Equal(0, places.Count);
    }

    [Fact]
    public async Task ARequestThatWaitsTooLongIsToldAndLeavesItsPlace()
    {
        using var bench = new DatagramBench(new GateOptions { WaitTimeout = TimeSpan.FromSeconds(1) });
        bench.Host.Gate.Pause();
        var serving = bench.ServeAsync("a\n");
        Assert.Equal(1, bench.Places.Count);
        bench.Host.Time.Advance(TimeSpan.FromSeconds(1));
        await serving.Bound();
        Assert.StartsWith("ERROR busy ", bench.Received(), StringComparison.Ordinal);
        Assert.Equal((0, 1L), (bench.Places.Count, bench.Host.Listener.CountOf(Outcome.Busy)));
    }

    [Fact]
    public async Task WhoHasNoPlaceLeftIsBusyOnlyWhereTheRequestWouldWait()
    {
        using var bench = new DatagramBench();
        bench.Host.Access = [new AccessOptions { Commands = ["denied"], Allow = false }];
        for (var i = 0; i < SenderPlaces.Most; i++) bench.TakePlace();
        await bench.ServeAsync("a\n").Bound();
        Assert.Equal("a\n", bench.Received());

        bench.Host.Gate.Pause();
        await bench.ServeAsync("b\n").Bound();
        Assert.StartsWith("ERROR busy ", bench.Received(), StringComparison.Ordinal);
        await bench.ServeAsync("denied\n").Bound();
        Assert.StartsWith("ERROR denied ", bench.Received(), StringComparison.Ordinal);
        Assert.Equal(0, bench.Host.Gate.GetStatus().QueueLength);
    }

    [Fact]
    public async Task ErrorsAreNotToldWhereTheyCloseConnections()
    {
        using var bench = new DatagramBench(new GateOptions { MaxQueue = 0 });
        bench.Host.Listener.Routes[0].OnError = OnError.Close;
        bench.Host.Gate.Pause();
        await bench.ServeAsync("a\n").Bound();
        Assert.Equal(1, bench.Host.Listener.CountOf(Outcome.Busy));
        Assert.Equal(0, bench.Client.Available);
    }

    [Fact]
    public async Task ASenderThatIsGoneCostsNothing()
    {
        using var bench = new DatagramBench();
        bench.Client.Dispose();
        await bench.ServeAsync("a\n").Bound();
        Assert.Equal(1, bench.Host.Listener.CountOf(Outcome.Ok));
    }

    private static SocketAddress Address(int port) => new IPEndPoint(IPAddress.Loopback, port).Serialize();

    private sealed class DatagramBench : IDisposable
    {
        private readonly Socket _server = NewSocket();
        private readonly EndPoint _sender;

        public DatagramBench(GateOptions? gate = null)
        {
            Host = new SyncHost(gate: gate);
            _sender = Client.LocalEndPoint!;
        }

        public SyncHost Host { get; }

        public SenderPlaces Places { get; } = new();

        public Socket Client { get; } = NewSocket();

        public void TakePlace() => Places.Enter(_sender.Serialize());

        public Task ServeAsync(string datagram)
        {
            var client = new Client("1", _sender, "L", certificate: null);
            var request = new DatagramRequest(_server, _sender.Serialize(), client, Places, Host.Listener);
            Assert.True(request.TryAccept(Encoding.ASCII.GetBytes(datagram)));
            return request.ServeAsync();
        }

        public string Received()
        {
            var buffer = new byte[100];
            return Encoding.ASCII.GetString(buffer, 0, Client.Receive(buffer));
        }

        public void Dispose()
        {
            _server.Dispose();
            Client.Dispose();
            Host.Dispose();
        }

        private static Socket NewSocket()
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            return socket;
        }
    }
}
