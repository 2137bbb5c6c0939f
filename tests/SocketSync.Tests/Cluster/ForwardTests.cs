using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SocketSync.Tests;

/// <summary>What a client may expect is the same through a node that does not own the resource.</summary>
public sealed class ForwardTests
{
    [Fact]
    public async Task ARequestIsAnsweredByTheOwner()
    {
        await using var pair = await ForwardPair.StartAsync();
        using var client = await pair.ConnectAsync();
        Assert.Equal("hello", await client.AskAsync("hello"));
        Assert.Equal("again", await client.AskAsync("again"));

        var there = Assert.Single(pair.Owner.Topology.ListConnections());
        Assert.Equal(2, there.Requests);
        Assert.Equal(client.LocalText, there.RemoteEndPoint);
        Assert.StartsWith("a-", there.Id, StringComparison.Ordinal);
        Assert.Null(there.ForwardedTo);
        var here = Assert.Single(pair.Ingress.Topology.ListConnections());
        Assert.Equal((there.Id, "b"), (here.Id, here.ForwardedTo));
        Assert.Equal((1, 0), (pair.Ingress.Topology.Listeners["L"].Accepted, pair.Owner.Topology.Listeners["L"].Accepted));
    }

    [Fact]
    public async Task PipelinedRepliesKeepTheirOrder()
    {
        await using var pair = await ForwardPair.StartAsync();
        using var client = await pair.ConnectAsync();
        var lines = Enumerable.Range(0, 5_000).Select(i => i.ToString(CultureInfo.InvariantCulture)).ToList();
        var sending = client.SendAsync(string.Concat(lines.Select(line => line + "\n")));
        foreach (var line in lines)
            Assert.Equal(line, await client.ReadLineAsync());
        await sending;
    }

    [Fact]
    public async Task WhoHasEndedItsStreamIsAnsweredAndThenClosed()
    {
        await using var pair = await ForwardPair.StartAsync();
        using var client = await pair.ConnectAsync();
        await client.SendAsync("last\n");
        client.EndStream();
        Assert.Equal("last", await client.ReadLineAsync());
        Assert.Null(await client.ReadLineAsync());
        await pair.UntilForwarded(0);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task WhoResetsItsConnectionInLineIsNotProcessed(bool endsItsStreamFirst)
    {
        var processor = new HeldProcessor();
        await using var pair = await ForwardPair.StartWithAsync(processor);
        using var first = await pair.ConnectAndHoldAsync("first");
        using var second = await pair.ConnectAndWaitAsync("second", 1);
        if (endsItsStreamFirst)
            second.EndStream();
        second.Reset();
        await pair.UntilForwarded(1);
        if (!endsItsStreamFirst)
            await pair.UntilWaiting(0);
        processor.LetGo(2);
        Assert.Equal("done first", await first.ReadLineAsync());
        Assert.Equal("done third", await first.AskAsync("third"));
        Assert.Equal(["first", "third"], processor.Served);
    }

    [Fact]
    public async Task WhoEndsItsStreamInLineLeavesWhereThatIsSaid()
    {
        var processor = new HeldProcessor();
        await using var pair = await ForwardPair.StartWithAsync(processor, "\"Gate\": { \"EndOfStream\": \"Leave\" }");
        using var first = await pair.ConnectAndHoldAsync("first");
        using var second = await pair.ConnectAndWaitAsync("second", 1);
        second.EndStream();
        await pair.UntilWaiting(0);
        processor.LetGo();
        Assert.Equal("done first", await first.ReadLineAsync());
        Assert.Equal(["first"], processor.Served);
    }

    [Fact]
    public async Task ALeaseEndsWhenItsClientLeaves()
    {
        await using var pair = await ForwardPair.StartAsync("\"Gate\": { \"Hold\": \"Connection\" }");
        using var holder = await pair.ConnectAsync();
        Assert.Equal("mine", await holder.AskAsync("mine"));
        using var other = await pair.ConnectAndWaitAsync("other", 1);
        Assert.Equal("still mine", await holder.AskAsync("still mine"));
        holder.Reset();
        Assert.Equal("other", await other.ReadLineAsync());
    }

    [Fact]
    public async Task ALeaseEndsWhenItsClientIsSilent()
    {
        await using var pair = await ForwardPair.StartAsync("\"Gate\": { \"Hold\": \"Quiet\", \"QuietTime\": \"00:00:00.100\" }");
        using var holder = await pair.ConnectAsync();
        Assert.Equal("mine", await holder.AskAsync("mine"));
        using var other = await pair.ConnectAsync();
        Assert.Equal("other", await other.AskAsync("other"));
    }

    [Fact]
    public async Task ALeaseThatTookTooLongIsToldAndItsClientClosed()
    {
        await using var pair = await ForwardPair.StartAsync("\"Gate\": { \"Hold\": \"Connection\", \"MaxHold\": \"00:00:00.200\" }");
        using var holder = await pair.ConnectAsync();
        Assert.Equal("mine", await holder.AskAsync("mine"));
        Assert.StartsWith("ERROR timeout", await holder.ReadLineAsync(), StringComparison.Ordinal);
        Assert.Null(await holder.ReadLineAsync());
    }

    [Fact]
    public async Task AConversationStaysInsideOneTurn()
    {
        await using var pair = await ForwardPair.StartWithAsync(new Asking());
        using var first = await pair.ConnectAsync();
        Assert.Equal("which?", await first.AskAsync("start"));
        using var second = await pair.ConnectAndWaitAsync("start", 1);
        Assert.Equal("1: seven", await first.AskAsync("seven"));
        Assert.Equal("which?", await second.ReadLineAsync());
        second.EndStream();
        Assert.Equal("2: nothing", await second.ReadLineAsync());
    }

    [Fact]
    public async Task ATunnelPassesBytesAndBothEnds()
    {
        using var device = new TcpListener(IPAddress.Loopback, 0);
        device.Start();
        await using var pair = await ForwardPair.StartAsync(
            $"\"Processor\": \"Tunnel\", \"Link\": {{ \"Tcp\": {{ \"Host\": \"127.0.0.1\", \"Port\": {((IPEndPoint)device.LocalEndpoint).Port} }} }}", "\"Name\": \"Raw\"");
        using var client = await pair.ConnectAsync();
        await client.SendAsync("to the device\n");
        using var there = LineClient.Of(await device.AcceptSocketAsync(TestContext.Current.CancellationToken));
        Assert.Equal("to the device", await there.ReadLineAsync());
        await there.SendAsync("and back\n");
        Assert.Equal("and back", await client.ReadLineAsync());
        client.EndStream();
        Assert.Null(await there.ReadLineAsync());
        await there.SendAsync("goodbye\n");
        there.EndStream();
        Assert.Equal("goodbye", await client.ReadLineAsync());
        Assert.Null(await client.ReadLineAsync());
    }

    [Fact]
    public async Task ErrorsAreToldInTheClientsProtocol()
    {
        var processor = new HeldProcessor();
        await using var pair = await ForwardPair.StartWithAsync(processor, "\"Gate\": { \"MaxQueue\": 1 }");
        using var first = await pair.ConnectAndHoldAsync("first");
        using var second = await pair.ConnectAndWaitAsync("second", 1);
        using var third = await pair.ConnectAsync();
        Assert.StartsWith("ERROR busy", await third.AskAsync("third"), StringComparison.Ordinal);
        processor.LetGo(2);
        Assert.Equal("done first", await first.ReadLineAsync());
        Assert.Equal("done second", await second.ReadLineAsync());
    }

    [Fact]
    public async Task WhoSendsTooMuchIsToldAndClosed()
    {
        await using var pair = await ForwardPair.StartAsync(protocol: "\"Name\": \"Line\", \"MaxRequestBytes\": 64");
        using var client = await pair.ConnectAsync();
        await client.SendAsync(new string('x', 100_000));
        Assert.StartsWith("ERROR too-large", await client.ReadLineAsync(), StringComparison.Ordinal);
        Assert.Null(await client.ReadLineAsync());
    }

    [Fact]
    public async Task WhoIsIdleIsClosedInOrder()
    {
        await using var pair = await ForwardPair.StartAsync(listener: "\"IdleTimeout\": \"00:00:00.200\"");
        using var client = await pair.ConnectAsync();
        Assert.Equal("hello", await client.AskAsync("hello"));
        Assert.Null(await client.ReadLineAsync());
    }

    [Fact]
    public async Task PlacesInLineCountForTheClientsAddress()
    {
        var processor = new HeldProcessor();
        await using var pair = await ForwardPair.StartWithAsync(processor, "\"Gate\": { \"MaxQueuePerAddress\": 1 }");
        using var first = await pair.ConnectAndHoldAsync("first");
        using var second = await pair.ConnectAndWaitAsync("second", 1);
        using var third = await pair.ConnectAsync();
        Assert.StartsWith("ERROR busy", await third.AskAsync("third"), StringComparison.Ordinal);
        using var elsewhere = await LineClient.ConnectAsync(pair.Ingress.PortOf("L"), from: IPAddress.Parse("127.0.0.2"));
        await elsewhere.SendAsync("fourth\n");
        await pair.UntilWaiting(2);
        processor.LetGo(3);
        Assert.Equal("done fourth", await elsewhere.ReadLineAsync());
    }

    [Fact]
    public async Task LargeRepliesReachASlowReaderWhole()
    {
        const int Length = 3_000_000;
        await using var pair = await ForwardPair.StartWithAsync(new Lengthy(Length));
        using var client = await pair.ConnectAsync(receiveBuffer: 4096);
        await client.SendAsync("please\n");
        await SyncHost.Until(() => pair.Owner.Topology.ListConnections() is [{ Requests: 1 }] && pair.Gate.GetStatus().Holder is null, "the turn is over");
        client.EndStream();
        Assert.Equal(Length, await client.CountToEndAsync());
    }

    [Fact]
    public async Task WhoTakesNoReplyIsResetAfterTheTimeAndHoldsNobody()
    {
        await using var pair = await ForwardPair.StartAsync(
            "\"Processor\": \"Test\"", listener: "\"SendTimeout\": \"00:00:00.300\"",
            processors: catalog => catalog.Add(new ProcessorRegistration("Test", NeverBlocks: false, (_, _) => new Lengthy(30_000_000))));
        using var client = await pair.ConnectAsync(receiveBuffer: 4096);
        await client.SendAsync("please\n");
        await pair.UntilForwarded(1);
        await pair.UntilForwarded(0);
        await Assert.ThrowsAsync<SocketException>(client.CountToEndAsync);
        Assert.Null(pair.Gate.GetStatus().Holder);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task AnOwnerThatLosesTheResourceResetsItsClients(bool isForwarded)
    {
        await using var pair = await ForwardPair.StartWithAsync(new HeldProcessor());
        using var client = isForwarded ? await pair.ConnectAsync() : await LineClient.ConnectAsync(pair.Owner.PortOf("L"));
        await client.SendAsync("held\n");
        await SyncHost.Until(() => pair.Gate.GetStatus().Holder is not null, "a turn is held");
        await pair.Owner.LoseAsync("R");
        Assert.Equal(SocketError.ConnectionReset, (await Assert.ThrowsAsync<SocketException>(client.ReadLineAsync)).SocketErrorCode);
    }

    /// <summary>Nothing of what a client has sent is lost when a node that was thought to be the owner is not.</summary>
    [Fact]
    public async Task AClientThatIsRefusedIsLedToTheNextOwner()
    {
        await using var pair = await ForwardPair.StartAsync();
        await pair.Owner.GiveUpAsync("R");
        pair.Places.Own("R", "b"); // as the directory still says
        using var client = await pair.ConnectAsync();
        await client.SendAsync("one\ntwo\n");
        await SyncHost.Until(() => !pair.Places.Forgotten.IsEmpty, "the owner has refused it");
        Assert.Empty(pair.Owner.Topology.ListConnections());
        pair.Ingress.Own("R");
        Assert.Equal("one", await client.ReadLineAsync());
        Assert.Equal("two", await client.ReadLineAsync());
    }

    [Fact]
    public async Task WhoWaitsForAnOwnerAndLeavesIsNoticed()
    {
        await using var pair = await ForwardPair.StartAsync();
        await pair.Owner.GiveUpAsync("R");
        using var client = await pair.ConnectAsync();
        using var patient = await pair.ConnectAsync();
        await client.SendAsync("nobody is there\n");
        await patient.SendAsync("patient\n");
        patient.EndStream();
        await pair.UntilForwarded(2);
        client.Reset();
        await pair.UntilForwarded(1);
        pair.Owner.Own("R", epoch: 7);
        Assert.Equal("patient", await patient.ReadLineAsync());
    }

    [Fact]
    public async Task WithoutAnOwnerAClientIsToldAndClosed()
    {
        await using var pair = await ForwardPair.StartAsync();
        await pair.Owner.GiveUpAsync("R");
        pair.Places.Own("R", ""); // nobody
        using var client = await pair.ConnectAsync();
        Assert.StartsWith("ERROR unavailable", await client.AskAsync("hello"), StringComparison.Ordinal);
        Assert.Null(await client.ReadLineAsync());
    }

    [Fact]
    public async Task AnIngressThatStopsLetsTheOwnerFinish()
    {
        var processor = new HeldProcessor();
        await using var pair = await ForwardPair.StartWithAsync(processor);
        using var asking = await pair.ConnectAndHoldAsync("asking");
        using var idle = await pair.ConnectAsync();
        await SyncHost.Until(() => pair.Ingress.Topology.ListConnections() is [{ ForwardedTo: "b" }, { ForwardedTo: "b" }], "both are at the owner");
        var stopping = pair.Ingress.StopAsync();
        Assert.Null(await idle.ReadLineAsync());
        processor.LetGo();
        Assert.Equal("done asking", await asking.ReadLineAsync());
        Assert.Null(await asking.ReadLineAsync());
        await stopping;
    }

    private sealed class Asking : IRequestProcessor
    {
        private int _served;

        public async ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken)
        {
            context.Reply.Write("which?\n"u8);
            await context.SendAsync(cancellationToken);
            var answer = await context.ReceiveAsync(cancellationToken);
            context.Reply.Write(Encoding.ASCII.GetBytes($"{++_served}: {(answer is { } line ? Encoding.ASCII.GetString(line) : "nothing\n")}"));
        }
    }

    private sealed class Lengthy(int length) : IRequestProcessor
    {
        public ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken)
        {
            context.Reply.Write(new byte[length]);
            return ValueTask.CompletedTask;
        }
    }
}
