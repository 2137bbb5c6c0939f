using System.Net.Sockets;
using System.Text;

namespace SocketSync.EndToEndTests;

/// <summary>Whatever a client of one resource sends, or does not take, another resource of its server does not notice.</summary>
[Collection(HeavyTests.Name)]
public sealed class ClientAbuseTests
{
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(3);

    [Fact]
    public async Task RefusedRequests()
    {
        var lines = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("x\n", 8192)));
        await using var server = await ServerProcess.StartTestHostAsync(SecondResource.Beside("""
            "Processor": "Scripted", "Protocol": { "Name": "Line" }, "Gate": { "MaxQueue": 1, "TurnTimeout": "00:05:00", "WaitTimeout": "00:05:00" }
            """));
        using var second = await SecondResource.OfAsync(server);
        using var holder = await server.ConnectAsync();
        using var waiting = await server.ConnectAsync();
        await holder.SendAsync("hold key\n");
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        await waiting.SendAsync("a\n");
        await server.WaitForStatusAsync(s => s.Resource.QueueLength == 1);
        var port = (await server.StatusAsync()).Listener.Port;
        await second.AssertUndisturbedAsync(Time, [.. Enumerable.Repeat(Pipelining(port, lines), 2)]);
        var refused = (await server.StatusAsync()).Resource.Refused;
        Assert.True(refused > 100_000, $"only {refused} were refused");
    }

    [Fact]
    public async Task OneByteRequests()
    {
        var requests = new byte[16384];
        await using var server = await ServerProcess.StartAsync(SecondResource.Beside(""" "Protocol": { "Name": "FixedLength", "Length": 1 } """));
        using var second = await SecondResource.OfAsync(server);
        var port = (await server.StatusAsync()).Listener.Port;
        await second.AssertUndisturbedAsync(Time, [.. Enumerable.Repeat(Pipelining(port, requests), 2)]);
        var completed = (await server.StatusAsync()).Resource.Completed;
        Assert.True(completed > 100_000, $"only {completed} were served");
    }

    [Fact]
    public async Task AnOverlongLineThatGoesOn()
    {
        var endless = new byte[65536];
        Array.Fill(endless, (byte)'x');
        var sent = 0L;
        await using var server = await ServerProcess.StartAsync(SecondResource.Beside(""" "Protocol": { "Name": "Line", "MaxRequestBytes": 1024 } """));
        using var second = await SecondResource.OfAsync(server);
        var port = (await server.StatusAsync()).Listener.Port;
        await second.AssertUndisturbedAsync(Time, Overlong, Overlong);
        Assert.True(Interlocked.Read(ref sent) > 1 << 20, $"only {sent} bytes were sent");

        void Overlong(CancellationToken end)
        {
            while (!end.IsCancellationRequested)
            {
                using var client = Abuser.Connect(port, end);
                try
                {
                    while (true) Interlocked.Add(ref sent, client.Send(endless));
                }
                catch (SocketException)
                {
                    // The server has closed; on to the next.
                }
            }
        }
    }

    [Fact]
    public async Task AClientThatNeverReadsItsReplies()
    {
        var lines = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(new string('x', 1023) + "\n", 256)));
        var closed = 0;
        await using var server = await ServerProcess.StartAsync(
            SecondResource.Beside(""" "Protocol": { "Name": "Line" } """, """ "SendTimeout": "00:00:00.200" """));
        using var second = await SecondResource.OfAsync(server);
        var port = (await server.StatusAsync()).Listener.Port;
        await second.AssertUndisturbedAsync(Time, [.. Enumerable.Repeat<Action<CancellationToken>>(NeverRead, 4)]);
        Assert.True(closed > 4, $"only {closed} were closed");

        void NeverRead(CancellationToken end)
        {
            while (!end.IsCancellationRequested)
            {
                using var client = Abuser.Connect(port, end);
                try
                {
                    while (true) client.Send(lines);
                }
                catch (SocketException)
                {
                    Interlocked.Increment(ref closed);
                }
            }
        }
    }

    [Fact]
    public async Task ConnectsAndImmediateResets()
    {
        await using var server = await ServerProcess.StartAsync(SecondResource.Beside(""" "Protocol": { "Name": "Line" } """));
        using var second = await SecondResource.OfAsync(server);
        var port = (await server.StatusAsync()).Listener.Port;
        var connects = 0;
        await second.AssertUndisturbedAsync(Time, ConnectAndReset, ConnectAndReset);
        Assert.True(connects > 1000, $"only {connects} connected");

        void ConnectAndReset(CancellationToken end)
        {
            for (; !end.IsCancellationRequested; Interlocked.Increment(ref connects))
            {
                using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                client.Connect(System.Net.IPAddress.Loopback, port);
                Abuser.Reset(client);
            }
        }
    }

    /// <summary>Sends as fast as it can, and reads what comes.</summary>
    private static Action<CancellationToken> Pipelining(int port, byte[] requests) => end =>
    {
        using var client = Abuser.Connect(port, end);
        Abuser.Sink(client);
        while (!end.IsCancellationRequested) client.Send(requests);
    };
}
