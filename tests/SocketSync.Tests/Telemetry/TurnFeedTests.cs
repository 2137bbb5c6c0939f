namespace SocketSync.Tests;

public class TurnFeedTests
{
    [Fact]
    public async Task TellsWhenATurnWasAskedForBegunAndEnded()
    {
        var processor = new HeldProcessor();
        using var host = new SyncHost(processor);
        using var reader = host.Turns.Subscribe(10);
        var start = host.Time.GetUtcNow();
        var first = await host.ConnectAndHoldAsync("first\n");
        host.Time.Advance(TimeSpan.FromSeconds(1));
        var second = await host.ConnectAndWaitAsync("2\n", 1);
        host.Time.Advance(TimeSpan.FromSeconds(2));
        processor.LetGo();
        Assert.Equal("done first", await first.ReadLineAsync());
        await host.UntilWaiting(0);
        host.Time.Advance(TimeSpan.FromSeconds(4));
        processor.LetGo();
        Assert.Equal("done 2", await second.ReadLineAsync());

        Assert.True(reader.Events.TryRead(out var one));
        Assert.Equal(new TurnEvent("R", first.ConnectionId, "127.0.0.1:12345", start, start, At(3), Outcome.Ok, 6, 11), one);
        Assert.True(reader.Events.TryRead(out var two));
        Assert.Equal(new TurnEvent("R", second.ConnectionId, "127.0.0.1:12345", At(1), At(3), At(7), Outcome.Ok, 2, 7), two);
        Assert.False(reader.Events.TryRead(out _));

        DateTimeOffset At(int seconds) => start.AddSeconds(seconds);
    }

    [Fact]
    public async Task ATurnThatIsOutstayedEndsWhenItsProcessorHasLeft()
    {
        var processor = new HeldProcessor { IgnoresCancellation = true };
        using var host = new SyncHost(processor, new GateOptions { TurnTimeout = TimeSpan.FromSeconds(1) });
        using var reader = host.Turns.Subscribe(10);
        var start = host.Time.GetUtcNow();
        var client = await host.ConnectAndHoldAsync("a\n");
        await SyncHost.Until(() => processor.Entered == 1, "the processor is inside: a request that has not come so far is not processed at all");
        host.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.StartsWith("ERROR timeout", await client.ReadLineAsync(), StringComparison.Ordinal);
        Assert.False(reader.Events.TryRead(out _));
        host.Time.Advance(TimeSpan.FromSeconds(4));
        processor.LetGo();
        var turn = await reader.Events.ReadAsync(TestContext.Current.CancellationToken);
        Assert.Equal((Outcome.Timeout, start.AddSeconds(5)), (turn.Outcome, turn.EndedAt));
    }

    [Fact]
    public async Task ALeaseBringsOneForEachRequestInTheirOrder()
    {
        using var host = new SyncHost(gate: new GateOptions { Hold = Hold.Connection });
        using var reader = host.Turns.Subscribe(10);
        var client = host.Connect();
        await client.SendAsync("1\n22\n333\n");
        for (var i = 0; i < 3; i++) await client.ReadLineAsync();
        foreach (var bytes in new[] { 2, 3, 4 })
        {
            Assert.True(reader.Events.TryRead(out var turn));
            Assert.Equal((bytes, bytes), (turn.RequestBytes, turn.ReplyBytes));
        }
    }

    [Fact]
    public void WhoeverIsSlowLosesTheOldestAndIsToldHowMany()
    {
        var feed = new TurnFeed();
        Assert.False(feed.HasReaders);
        using (var slow = feed.Subscribe(2))
        using (var quick = feed.Subscribe(10))
        {
            Assert.True(feed.HasReaders);
            for (var i = 1; i <= 5; i++) feed.Publish(new TurnEvent { RequestBytes = i });
            Assert.Equal([4, 5], Read(slow));
            Assert.Equal(3, slow.Lost);
            Assert.Equal([1, 2, 3, 4, 5], Read(quick));
            Assert.Equal(0, quick.Lost);
        }

        Assert.False(feed.HasReaders);
        feed.Publish(new TurnEvent());

        static List<long> Read(EventFeedReader<TurnEvent> reader)
        {
            var read = new List<long>();
            while (reader.Events.TryRead(out var turn)) read.Add(turn.RequestBytes);
            return read;
        }
    }

    [Fact]
    public async Task AReaderThatIsDisposedOfEnds()
    {
        var feed = new TurnFeed();
        var reader = feed.Subscribe(1);
        var wait = reader.Events.WaitToReadAsync(TestContext.Current.CancellationToken);
        reader.Dispose();
        reader.Dispose();
        Assert.False(await wait);
    }
}
