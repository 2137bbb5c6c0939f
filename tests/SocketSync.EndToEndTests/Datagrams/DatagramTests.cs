using System.Net;
using System.Text;

namespace SocketSync.EndToEndTests;

/// <summary>Each datagram is one request, and its reply is one datagram.</summary>
public sealed class DatagramTests
{
    private const string Listeners = """
        "Listeners": { "Default": { "Port": 0, "Transport": "Datagram" }, "Tcp": { "Port": 0, "Resource": "Default" },
                       "Other": { "Port": 0, "Transport": "Datagram" } },
        """;

    private const string EchoLines = Listeners + """
        "Resources": { "Default": { "Protocol": { "Name": "Line", "MaxRequestBytes": 100 } }, "Other": { } }
        """;

    private static readonly string Scripted = Listeners + """
        "Resources": { "Default": { "Processor": "Scripted", "Protocol": { "Name": "Line" } }, "Other": { "Processor": "Scripted", "Protocol": { "Name": "Line" } } }
        """;

    [Fact]
    public async Task EachSenderGetsTheReplyToItsOwn()
    {
        await using var server = await ServerProcess.StartAsync(EchoLines);
        var status = await server.StatusAsync();
        var senders = Enumerable.Range(0, 20).Select(_ => DatagramClient.OfUdp(status.Listener.Port)).ToList();
        using var other = DatagramClient.OfUdp(status.Listeners["Other"].Port);
        for (var round = 0; round < 20; round++)
        {
            for (var i = 0; i < senders.Count; i++) senders[i].Send($"{i} {round}\n");
            other.Send($"other {round}");
            for (var i = 0; i < senders.Count; i++) Assert.Equal($"{i} {round}\n", await senders[i].ReceiveAsync());
            Assert.Equal($"other {round}", await other.ReceiveAsync());
        }

        await server.WaitForStatusAsync(s => s is { Resource.Completed: 400, Listener: { Accepted: 400, Connections: 0, Rejected: 0 } } && s.Resources["Other"].Completed == 20);
        Assert.DoesNotContain(senders, sender => sender.HasMore);
        senders.ForEach(sender => sender.Dispose());
    }

    [Theory]
    [InlineData("")]
    [InlineData("no end")]
    [InlineData("two\nlines\n")]
    [InlineData("one and a half\nli")]
    [InlineData(TooLong)]
    public async Task WhatIsNotOneWholeRequestIsDroppedAndCounted(string datagram)
    {
        await using var server = await ServerProcess.StartAsync(EchoLines);
        using var client = DatagramClient.OfUdp((await server.StatusAsync()).Listener.Port);
        client.Send(datagram);
        Assert.Equal("after it\n", await client.AskAsync("after it\n")); // The socket keeps the order.
        Assert.False(client.HasMore);
        await server.WaitForMetricAsync(1, "socketsync_requests_total", "listener=\"Default\"", "outcome=\"malformed\"");
        await server.WaitForStatusAsync(s => s.Resource.Completed == 1);
    }

    [Fact]
    public async Task ARawDatagramMayBeAsLargeAsThereAre()
    {
        await using var server = await ServerProcess.StartAsync(EchoLines);
        using var client = DatagramClient.OfUdp((await server.StatusAsync()).Listeners["Other"].Port);
        var large = new string('x', 65507);
        Assert.Equal(large, await client.AskAsync(large));
    }

    [Fact]
    public async Task AReplyTooLargeForADatagramIsToldAsFailedAndNotCut()
    {
        await using var device = new ScriptedDevice(new LineDialect(), service => service.SendAsync(Encoding.ASCII.GetBytes(new string('x', 70_000) + "\n")));
        await using var server = await ServerProcess.StartAsync($$"""
            "Listeners": { "Default": { "Port": 0, "Transport": "Datagram" } },
            "Resources": { "Default": { "Processor": "Relay", "Protocol": { "Name": "Line" }, "Link": { {{device.Tcp}} } } }
            """);
        using var client = DatagramClient.OfUdp((await server.StatusAsync()).Listener.Port);
        Assert.StartsWith("ERROR failed ", await client.AskAsync("a\n"), StringComparison.Ordinal);
        await server.WaitForStatusAsync(s => s.Resource is { Completed: 0, Failed: 1 });
        device.Script = service => service.AnswerAsync();
        Assert.Equal("=b\n", await client.AskAsync("b\n"));
    }

    [Fact]
    public async Task TheyShareOneLineWithStreams()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Scripted);
        var status = await server.StatusAsync();
        using var udp = DatagramClient.OfUdp(status.Listener.Port);
        using var holder = await server.ConnectAsync("Tcp");
        using var stream = await server.ConnectAsync("Tcp");
        await holder.SendAsync("hold key\n");
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        udp.Send("first\n");
        await server.WaitForStatusAsync(s => s.Resource.QueueLength == 1);
        await stream.SendAsync("second\n");
        await server.WaitForStatusAsync(s => s.Resource.QueueLength == 2);
        udp.Send("third\n");
        await server.WaitForStatusAsync(s => s is { Resource.QueueLength: 3, Listener.Connections: 2 });
        await server.ReleaseAsync("key");

        Assert.Equal("first\n", await udp.ReceiveAsync());
        Assert.Equal("second", await stream.ReadLineAsync());
        Assert.Equal("third\n", await udp.ReceiveAsync());
        var log = await server.WaitForStageAsync(l => l.Ended.Length == 4);
        Assert.Equal(["hold key", "first", "second", "third"], log.Begun);
        Assert.Equal(0, log.Overlaps);
    }

    [Fact]
    public async Task ASenderHasAtMostSixteenPlacesInLine()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Scripted);
        var port = (await server.StatusAsync()).Listener.Port;
        using var holder = await server.ConnectAsync("Tcp");
        await holder.SendAsync("hold key\n");
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        using var greedy = DatagramClient.OfUdp(port);
        using var other = DatagramClient.OfUdp(port);
        for (var i = 0; i < 16; i++) greedy.Send($"{i}\n");
        await server.WaitForStatusAsync(s => s.Resource.QueueLength == 16);

        Assert.StartsWith("ERROR busy ", await greedy.AskAsync("17\n"), StringComparison.Ordinal);
        other.Send("other\n");
        await server.WaitForStatusAsync(s => s.Resource is { QueueLength: 17, Refused: 1 });
        await server.ReleaseAsync("key");
        for (var i = 0; i < 16; i++) Assert.Equal($"{i}\n", await greedy.ReceiveAsync());
        Assert.Equal("other\n", await other.ReceiveAsync());
        Assert.Equal("free again\n", await greedy.AskAsync("free again\n"));
    }

    [Fact]
    public async Task WhatWaitsOrRunsIsAnsweredAtTheStop()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Scripted);
        using var client = DatagramClient.OfUdp((await server.StatusAsync()).Listener.Port);
        client.Send("hold key\n");
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        client.Send("waits\n");
        await server.WaitForStatusAsync(s => s.Resource.QueueLength == 1);
        server.Process.Terminate();
        await server.WaitForReadinessAsync(HttpStatusCode.ServiceUnavailable);
        client.Send("too late\n");
        await server.ReleaseAsync("key");
        Assert.Equal("hold key\n", await client.ReceiveAsync());
        Assert.Equal("waits\n", await client.ReceiveAsync());
        Assert.Equal(0, await server.Process.ExitAsync(TimeSpan.FromSeconds(5)));
        Assert.False(client.HasMore);
    }

    [Fact]
    public async Task WhatStillWaitsAtTheEndOfTheDrainIsRefused()
    {
        await using var server = await ServerProcess.StartTestHostAsync("""
            "DrainTimeout": "00:00:00.500",
            """ + Scripted);
        using var client = DatagramClient.OfUdp((await server.StatusAsync()).Listener.Port);
        client.Send("hold key\n");
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        client.Send("waits\n");
        await server.WaitForStatusAsync(s => s.Resource.QueueLength == 1);
        server.Process.Terminate();
        string[] told = [await client.ReceiveAsync(), await client.ReceiveAsync()];
        Assert.All(told, error => Assert.StartsWith("ERROR unavailable ", error, StringComparison.Ordinal));
        Assert.Equal(0, await server.Process.ExitAsync(TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public async Task AProcessorCannotConverseWithASender()
    {
        await using var server = await ServerProcess.StartTestHostAsync("""
            "Listeners": { "Default": { "Port": 0, "Transport": "Datagram" } },
            "Resources": { "Default": { "Processor": "Converse", "Protocol": { "Name": "Line" } } }
            """);
        using var client = DatagramClient.OfUdp((await server.StatusAsync()).Listener.Port);
        server.Expect("needs a listener with Transport Stream");
        Assert.StartsWith("ERROR failed ", await client.AskAsync("hello\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task OnlyAllowedNetworksAreServed()
    {
        await using var server = await ServerProcess.StartAsync("""
            "Listeners": { "Default": { "Port": 0, "Address": "127.0.0.1", "Transport": "Datagram", "AllowedNetworks": [ "127.0.0.2/32" ] } },
            "Resources": { "Default": { "Protocol": { "Name": "Line" } } }
            """);
        var port = (await server.StatusAsync()).Listener.Port;
        using var foreign = DatagramClient.OfUdp(port, IPAddress.Parse("127.0.0.3"));
        using var allowed = DatagramClient.OfUdp(port, IPAddress.Parse("127.0.0.2"));
        foreign.Send("a\n");
        Assert.Equal("b\n", await allowed.AskAsync("b\n"));
        await server.WaitForStatusAsync(s => s.Listener is { Accepted: 1, Rejected: 1 });
        Assert.False(foreign.HasMore);
        await server.WaitForLogAsync("a datagram from 127.0.0.3 is dropped: AllowedNetworks does not let it in");
    }

    [Fact]
    public async Task RulesHoldForThemToo()
    {
        await using var server = await ServerProcess.StartAsync("""
            "Listeners": { "Default": { "Port": 0, "Address": "127.0.0.1", "Transport": "Datagram" } },
            "Resources": { "Default": { "Protocol": { "Name": "Line" }, "Access": [ { "Networks": [ "127.0.0.2/32" ], "Commands": [ "get*" ], "Allow": true }, { "Allow": false } ] } }
            """);
        var port = (await server.StatusAsync()).Listener.Port;
        using var known = DatagramClient.OfUdp(port, IPAddress.Parse("127.0.0.2"));
        using var stranger = DatagramClient.OfUdp(port, IPAddress.Parse("127.0.0.3"));
        Assert.Equal("get a\n", await known.AskAsync("get a\n"));
        Assert.StartsWith("ERROR denied ", await known.AskAsync("set a\n"), StringComparison.Ordinal);
        Assert.StartsWith("ERROR denied ", await stranger.AskAsync("get a\n"), StringComparison.Ordinal);
        await server.WaitForStatusAsync(s => s.Resource is { Completed: 1, Denied: 2 });
    }

    [Fact]
    public async Task AUnixSocketTakesThemToo()
    {
        using var files = new TestFiles();
        await using var server = await ServerProcess.StartAsync($$"""
            "Listeners": { "Default": { "UnixSocket": "{{files["gate"]}}", "UnixSocketMode": "0660", "Transport": "Datagram" } },
            "Resources": { "Default": { "Protocol": { "Name": "Line" } } }
            """);
        if (!OperatingSystem.IsWindows())
            Assert.Equal("660", Convert.ToString((int)File.GetUnixFileMode(files["gate"]), 8));
        using var a = DatagramClient.OfUnix(files["gate"], files["a"]);
        using var b = DatagramClient.OfUnix(files["gate"], files["b"]);
        using var nameless = DatagramClient.OfUnix(files["gate"], own: null);
        a.Send("a\n");
        b.Send("b\n");
        nameless.Send("nowhere\n");
        Assert.Equal("a\n", await a.ReceiveAsync());
        Assert.Equal("b\n", await b.ReceiveAsync());
        await server.WaitForStatusAsync(s => s.Resource.Completed == 3);

        // One that takes no replies costs the others nothing.
        for (var i = 0; i < 100; i++) a.Send($"{i}\n");
        for (var i = 0; i < 100; i++) Assert.Equal($"{i}\n", await b.AskAsync($"{i}\n"));
        server.Process.Terminate();
        Assert.Equal(0, await server.Process.ExitAsync(TimeSpan.FromSeconds(5)));
        Assert.False(Path.Exists(files["gate"]));
    }

    private const string TooLong = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n";
}
