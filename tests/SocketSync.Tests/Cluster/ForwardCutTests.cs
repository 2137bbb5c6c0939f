using System.Net;
using System.Net.Sockets;

namespace SocketSync.Tests;

/// <summary>An owner that is gone in the middle of a reply, at whichever byte: its client sees a reset, never an end of the stream.</summary>
public sealed class ForwardCutTests
{
    private static readonly byte[] Accepted = [1, 0, 0, 1];
    private static readonly byte[] Reply = [0, 0, 0, 3, (byte)'o', (byte)'n', (byte)'e', 0, 0, 0, 2, (byte)'!', (byte)'\n', 0, 0, 0, 0];

    [Fact]
    public async Task AReplyThatIsCutAnywhereEndsInAReset()
    {
        await using var bench = await CutBench.StartAsync();
        for (var cut = 0; cut < Reply.Length; cut++)
        {
            using var client = await LineClient.ConnectAsync(bench.Ingress.PortOf("L"));
            await client.SendAsync("hello\n");
            using (var owner = await bench.AcceptAsync())
            {
                await owner.SendAsync(Accepted);
                await owner.SendAsync(Reply[..cut]);
                owner.Shutdown(SocketShutdown.Both); // as the system does for a process that was killed
                var error = await Assert.ThrowsAsync<SocketException>(client.CountToEndAsync);
                Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
            }
        }

        using var last = await LineClient.ConnectAsync(bench.Ingress.PortOf("L"));
        using var whole = await bench.AcceptAsync();
        await whole.SendAsync(Accepted);
        await whole.SendAsync(Reply);
        Assert.Equal("one!", await last.ReadLineAsync());
        Assert.Null(await last.ReadLineAsync());
    }

    [Fact]
    public async Task AResetOfTheOwnerReachesAClientThatDoesNotRead()
    {
        await using var bench = await CutBench.StartAsync();
        using var client = await LineClient.ConnectAsync(bench.Ingress.PortOf("L"), receiveBuffer: 4096);
        using var owner = await bench.AcceptAsync();
        await owner.SendAsync(Accepted);
        var chunk = new byte[4 + 0xFFFF];
        (chunk[2], chunk[3]) = (0xFF, 0xFF);
        owner.Blocking = false;
        await SyncHost.Until(() => !TrySend(owner, chunk), "nothing more can be sent");
        owner.Close(timeout: 0);
        await SyncHost.Until(() => bench.Ingress.Topology.ListConnections().Count == 0, "the client is closed");
        await Assert.ThrowsAsync<SocketException>(client.CountToEndAsync);
    }

    [Fact]
    public async Task AResetOfAClientReachesAnOwnerThatDoesNotRead()
    {
        await using var bench = await CutBench.StartAsync();
        using var client = await LineClient.ConnectAsync(bench.Ingress.PortOf("L"));
        using var owner = await bench.AcceptAsync();
        await owner.SendAsync(Accepted);
        client.Socket.Blocking = false;
        await SyncHost.Until(() => !TrySend(client.Socket, new byte[0xFFFF]), "nothing more can be sent");
        client.Reset();
        await SyncHost.Until(() => TcpState.IsReset(owner), "the owner is reset");
    }

    [Fact]
    public async Task WhenThePlaceIsLostTheClientIsReset()
    {
        await using var bench = await CutBench.StartAsync();
        using var client = await LineClient.ConnectAsync(bench.Ingress.PortOf("L"));
        using var owner = await bench.AcceptAsync();
        await owner.SendAsync(Accepted);
        await SyncHost.Until(() => bench.Ingress.Topology.ListConnections() is [{ ForwardedTo: "b" }], "it is forwarded");
        await bench.Places.OwnerOf("R")!.Lost.CancelAsync();
        await Assert.ThrowsAsync<SocketException>(client.CountToEndAsync);
        await SyncHost.Until(() => TcpState.IsReset(owner), "the owner is reset");
    }

    [Fact]
    public async Task AnOwnerThatDoesNotAnswerIsForgotten()
    {
        await using var bench = await CutBench.StartAsync();
        using var client = await LineClient.ConnectAsync(bench.Ingress.PortOf("L"));
        await client.SendAsync("hello\n");
        using var owner = await bench.AcceptAsync();
        await SyncHost.Until(() => !bench.Places.Forgotten.IsEmpty, "it is forgotten");
        bench.Ingress.Own("R");
        Assert.Equal("hello", await client.ReadLineAsync());
    }

    private static bool TrySend(Socket socket, byte[] bytes)
    {
        socket.Send(bytes, SocketFlags.None, out var error);
        Thread.Sleep(1);
        return error == SocketError.Success;
    }

    /// <summary>A node, and a socket in place of the owner.</summary>
    private sealed class CutBench : IAsyncDisposable
    {
        private readonly Socket _owner = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

        public FakePlaces Places { get; } = new();

        public required ForwardNode Ingress { get; set; }

        public static async Task<CutBench> StartAsync()
        {
            var bench = new CutBench { Ingress = null! };
            bench._owner.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            bench._owner.Listen();
            bench.Ingress = await ForwardNode.StartAsync(
                "a", bench.Places, "\"Listeners\": { \"L\": { \"Address\": \"127.0.0.1\", \"Port\": 0, \"Resource\": \"R\" } }, \"Resources\": { \"R\": { \"Protocol\": { \"Name\": \"Line\" } } }");
            bench.Places.Add("b", (IPEndPoint)bench._owner.LocalEndPoint!);
            bench.Places.Own("R", "b");
            return bench;
        }

        /// <summary>The next client, of which the header has been read.</summary>
        public async Task<Socket> AcceptAsync()
        {
            var socket = await _owner.AcceptAsync(TestContext.Current.CancellationToken);
            var header = new byte[ForwardHeader.MaxLength];
            var length = 0;
            ProxyHeaderStatus status;
            do
                length += await socket.ReceiveAsync(header.AsMemory(length));
            while ((status = ProxyHeader.Read(header.AsSpan(0, length), out _, ForwardHeader.MaxLength)) == ProxyHeaderStatus.Incomplete);
            Assert.Equal(ProxyHeaderStatus.Complete, status);
            return socket;
        }

        public async ValueTask DisposeAsync()
        {
            _owner.Dispose();
            await Ingress.DisposeAsync();
        }
    }
}
