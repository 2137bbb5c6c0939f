using Microsoft.Extensions.Logging;

namespace SocketSync.Tests;

public class ClientConnectionTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task ARequestIsAnswered()
    {
        using var host = new SyncHost();
        var client = host.Connect();
        await client.SendAsync("hello\n");
        Assert.Equal("hello", await client.ReadLineAsync());
        client.HalfClose();
        Assert.Null(await client.ReadLineAsync());
        await client.Served;
        Assert.Equal(1, host.Listener.CountOf(Outcome.Ok));
        Assert.Equal(0, host.Listener.ConnectionCount);
    }

    [Fact]
    public async Task AHalfClosedClientIsAnsweredAllItAsked()
    {
        using var host = new SyncHost();
        var client = host.Connect();
        await client.SendAsync("1\n2\n3\n");
        client.HalfClose();
        Assert.Equal(["1", "2", "3"], [await client.ReadLineAsync(), await client.ReadLineAsync(), await client.ReadLineAsync()]);
        Assert.Null(await client.ReadLineAsync());
    }

    [Fact]
    public async Task AHalfClosedClientThatWaitsKeepsItsPlace()
    {
        var processor = new HeldProcessor();
        using var host = new SyncHost(processor);
        var first = await host.ConnectAndHoldAsync("a\n");
        var second = await host.ConnectAndWaitAsync("b\n", 1);
        second.HalfClose();
        processor.LetGo(2);
        Assert.Equal("done b", await second.ReadLineAsync());
        Assert.Null(await second.ReadLineAsync());
        Assert.Equal("done a", await first.ReadLineAsync());
    }

    [Fact]
    public async Task AClientThatResetsWhileItWaitsIsNeverProcessed()
    {
        var processor = new HeldProcessor();
        using var host = new SyncHost(processor);
        var first = await host.ConnectAndHoldAsync("a\n");
        var second = await host.ConnectAndWaitAsync("b\n", 1);
        var third = await host.ConnectAndWaitAsync("c\n", 2);
        second.Reset();
        await host.UntilWaiting(1);
        await host.UntilCounted(Outcome.Abandoned, 1);
        processor.LetGo(2);
        Assert.Equal("done c", await third.ReadLineAsync());
        Assert.Equal(["a", "c"], processor.Served);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task AnEchoThatHasWaitedLeavesNothingBehindWhenItsClientGoes(bool isReset)
    {
        using var host = new SyncHost();
        host.Gate.Pause();
        var gone = await host.ConnectAndWaitAsync("a\n", 1);
        host.Gate.Resume();
        Assert.Equal("a", await gone.ReadLineAsync());
        var other = host.Connect();
        await other.SendAsync("b\n");
        Assert.Equal("b", await other.ReadLineAsync());

        if (isReset)
            gone.Reset();
        else
            gone.HalfClose();
        await gone.Served;

        await other.SendAsync("c\n");
        Assert.Equal("c", await other.ReadLineAsync());
        Assert.Null(host.Gate.GetStatus().Holder);
    }

    [Fact]
    public async Task WhereTheEndOfTheStreamMeansLeavingAHalfClosedClientIsNotProcessed()
    {
        var processor = new HeldProcessor();
        using var host = new SyncHost(processor);
        host.Listener.Routes[0].EndOfStream = EndOfStreamAction.Leave;
        var first = await host.ConnectAndHoldAsync("a\n");
        var second = await host.ConnectAndWaitAsync("b\n", 1);
        var third = await host.ConnectAndWaitAsync("c\n", 2);
        second.HalfClose();
        await host.UntilWaiting(1);
        processor.LetGo(2);
        Assert.Null(await second.ReadLineAsync());
        Assert.Equal("done c", await third.ReadLineAsync());
        Assert.Equal(["a", "c"], processor.Served);
        await host.UntilCounted(Outcome.Abandoned, 1);
        first.HalfClose(); // it has nothing in line
        Assert.Equal("done a", await first.ReadLineAsync());
    }

    [Fact]
    public async Task AFloodOfRequestsGivesWayToOthers()
    {
        using var host = new SyncHost();
        var flood = host.Connect();
        var requests = new byte[WorkBudget.Limit / 4]; // as much as is written at once, and more than may be served in a row
        Array.Fill(requests, (byte)'\n');

        await flood.ToServer.WriteAsync(requests, TestContext.Current.CancellationToken);

        // Replies go out before it gives way; what comes in one piece was done in a row.
        var replies = await flood.FromServer.ReadAsync(TestContext.Current.CancellationToken);
        Assert.InRange(replies.Buffer.Length, 1, WorkBudget.Limit / WorkBudget.Frame + 1);
    }

    [Fact]
    public async Task AClientThatVanishesDuringItsTurnCostsNobodyElse()
    {
        var processor = new HeldProcessor();
        using var host = new SyncHost(processor);
        var first = await host.ConnectAndHoldAsync("a\n");
        first.Reset();
        var second = await host.ConnectAndWaitAsync("b\n", 1);
        processor.LetGo(2);
        Assert.Equal("done b", await second.ReadLineAsync());
        await first.Served;
        Assert.Equal(["a", "b"], processor.Served);
    }

    [Fact]
    public async Task APipeliningClientTakesOnePlaceInLine()
    {
        var processor = new HeldProcessor();
        using var host = new SyncHost(processor);
        var many = await host.ConnectAndHoldAsync("a1\na2\na3\n");
        var one = await host.ConnectAndWaitAsync("b\n", 1);
        processor.LetGo(4);
        Assert.Equal("done b", await one.ReadLineAsync());
        Assert.Equal(["done a1", "done a2", "done a3"], [await many.ReadLineAsync(), await many.ReadLineAsync(), await many.ReadLineAsync()]);
        Assert.Equal(["a1", "b", "a2", "a3"], processor.Served);
    }

    [Fact]
    public async Task AReplyDoesNotWaitForTheNextTurnOfItsClient()
    {
        var processor = new HeldProcessor();
        using var host = new SyncHost(processor);
        var client = host.Connect();
        await client.SendAsync("a\nb\n");
        processor.LetGo();
        Assert.Equal("done a", await client.ReadLineAsync());
        Assert.Equal(1, host.Listener.CountOf(Outcome.Ok));
        processor.LetGo();
        Assert.Equal("done b", await client.ReadLineAsync());
    }

    [Fact]
    public async Task AFullQueueIsToldAtOnceAndTheClientGoesOn()
    {
        var processor = new HeldProcessor();
        using var host = new SyncHost(processor, new GateOptions { MaxQueue = 0 });
        var first = await host.ConnectAndHoldAsync("a\n");
        var second = host.Connect();
        await second.SendAsync("b\n");
        Assert.StartsWith("ERROR busy", await second.ReadLineAsync(), StringComparison.Ordinal);
        processor.LetGo();
        Assert.Equal("done a", await first.ReadLineAsync());
        processor.LetGo();
        await second.SendAsync("c\n");
        Assert.Equal("done c", await second.ReadLineAsync());
        Assert.Equal(["a", "c"], processor.Served);
    }

    [Fact]
    public async Task AnOverdueTurnIsToldWhileItsProcessorIsInside()
    {
        var processor = new HeldProcessor { IgnoresCancellation = true };
        using var host = new SyncHost(processor, new GateOptions { TurnTimeout = Second });
        var first = await host.ConnectAndHoldAsync("a\n");
        var second = await host.ConnectAndWaitAsync("b\n", 1);
        host.Time.Advance(Second);
        Assert.StartsWith("ERROR timeout", await first.ReadLineAsync(), StringComparison.Ordinal);
        Assert.True(host.Gate.GetStatus().IsStuck);
        Assert.Equal(1, host.Gate.GetStatus().QueueLength);

        processor.LetGo(2);
        Assert.Equal("done b", await second.ReadLineAsync());
        processor.LetGo();
        await first.SendAsync("c\n");
        Assert.Equal("done c", await first.ReadLineAsync()); // and never the late "done a"
    }

    [Fact]
    public async Task ATooLargeRequestIsToldAndTheConnectionCloses()
    {
        using var host = new SyncHost(protocol: new ProtocolOptions { Name = "Line", MaxRequestBytes = 8 });
        var client = host.Connect();
        await client.SendAsync("ok\nmuch too long");
        Assert.Equal("ok", await client.ReadLineAsync());
        Assert.StartsWith("ERROR too-large", await client.ReadLineAsync(), StringComparison.Ordinal);
        client.HalfClose();
        Assert.Null(await client.ReadLineAsync());
        Assert.Equal(1, host.Listener.CountOf(Outcome.TooLarge));
    }

    [Fact]
    public async Task AClientThatIsToldAndStaysIsClosedAfterAWhile()
    {
        using var host = new SyncHost(protocol: new ProtocolOptions { Name = "Line", MaxRequestBytes = 8 });
        var client = host.Connect();
        await client.SendAsync("much too long");
        Assert.StartsWith("ERROR too-large", await client.ReadLineAsync(), StringComparison.Ordinal);
        await SyncHost.AdvanceUntil(host.Time, Second, () => client.Served.IsCompleted, "closed");
    }

    [Fact]
    public async Task TheEndOfTheStreamInsideARequestIsCounted()
    {
        var processor = new HeldProcessor();
        using var host = new SyncHost(processor);
        var client = host.Connect();
        await client.SendAsync("no line end");
        client.HalfClose();
        Assert.Null(await client.ReadLineAsync());
        Assert.Equal(1, host.Listener.CountOf(Outcome.Malformed));
        Assert.Empty(processor.Served);
    }

    [Fact]
    public async Task ASlowRequestIsClosedAfterFrameTimeoutHoweverOftenItSendsAByte()
    {
        using var host = new SyncHost(listener: new ListenerOptions { FrameTimeout = TimeSpan.FromSeconds(10) });
        var client = host.Connect();
        for (var i = 0; i < 9; i++)
        {
            await client.SendAsync("x");
            await SyncHost.Until(() => !client.Served.IsCompleted, "open");
            host.Time.Advance(Second);
        }

        Assert.False(client.Served.IsCompleted);
        await SyncHost.AdvanceUntil(host.Time, Second, () => client.Served.IsCompleted, "closed");
        Assert.Equal(1, host.Listener.CountOf(Outcome.Malformed));
    }

    [Fact]
    public async Task AnIdleClientIsClosedAfterIdleTimeoutAndABusyOneIsNot()
    {
        var processor = new HeldProcessor();
        using var host = new SyncHost(processor, new GateOptions { TurnTimeout = TimeSpan.FromDays(24) }, new ListenerOptions { IdleTimeout = Second });
        var idle = host.Connect();
        var busy = await host.ConnectAndHoldAsync("a\n");
        await SyncHost.AdvanceUntil(host.Time, Second, () => idle.Served.IsCompleted, "the idle one is closed");
        Assert.False(busy.Served.IsCompleted);
        processor.LetGo();
        Assert.Equal("done a", await busy.ReadLineAsync());
        Assert.Equal(0, host.Listener.CountOf(Outcome.Malformed));
    }

    [Fact]
    public async Task AClientThatTakesNoReplyIsClosedAfterSendTimeoutAndHoldsUpNobody()
    {
        using var host = new SyncHost(listener: new ListenerOptions { SendTimeout = Second });
        var deaf = host.Connect();
        await deaf.SendAsync("a\n");
        await host.UntilCounted(Outcome.Ok, 1);
        var other = host.Connect();
        await other.SendAsync("b\n");
        Assert.Equal("b", await other.ReadLineAsync());
        await SyncHost.AdvanceUntil(host.Time, Second, () => deaf.Served.IsCompleted, "closed");
        Assert.Contains("SendTimeout", deaf.AbortReason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhereErrorsAreToCloseNothingIsTold()
    {
        var processor = new HeldProcessor();
        using var host = new SyncHost(processor, new GateOptions { MaxQueue = 0 }, onError: OnError.Close);
        var first = await host.ConnectAndHoldAsync("a\n");
        var second = host.Connect();
        await second.SendAsync("b\n");
        await host.UntilCounted(Outcome.Busy, 1);
        second.HalfClose();
        Assert.Null(await second.ReadLineAsync());
        processor.LetGo();
    }

    [Fact]
    public async Task WhateverThrowsOnTheWayToTheProcessorTheGateOpensAgain()
    {
        using var host = new SyncHost();
        var unlucky = host.Connect(logger: new LogThatThrowsOnRequests());
        await unlucky.SendAsync("a\n");
        await Assert.ThrowsAsync<InvalidOperationException>(() => unlucky.Served);
        var other = host.Connect();
        await other.SendAsync("b\n");
        Assert.Equal("b", await other.ReadLineAsync());
    }

    private sealed class LogThatThrowsOnRequests : ILogger<ClientConnection>
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (eventId.Id == 102)
                throw new InvalidOperationException("on purpose");
        }
    }
}
