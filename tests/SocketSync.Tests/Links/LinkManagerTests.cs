using Microsoft.Extensions.Logging;

namespace SocketSync.Tests;

/// <summary>When a link is opened again, and what is told of it.</summary>
public class LinkManagerTests
{
    private static readonly TimeSpan ReconnectDelay = TimeSpan.FromMilliseconds(100);

    [Fact]
    public async Task ARequestAtWhichTheDeviceHangsUpCostsItselfAndOneShortPause()
    {
        using var setup = new RelayBench();
        var poisoner = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        for (var i = 0; i < 10; i++)
        {
            await poisoner.SendAsync("poison\n");
            await device.ReadAsync(7);
            device.Reset();
            Assert.StartsWith("ERROR unavailable", await poisoner.ReadLineAsync(), StringComparison.Ordinal);
            Assert.Equal(LinkState.Opening, setup.Manager.GetStatus().State);
            var since = setup.Time.GetTimestamp();
            var attempts = setup.Link.Attempts;
            await SyncHost.AdvanceUntil(setup.Time, ReconnectDelay / 10, () => setup.Link.Attempts > attempts, "it is opened again");
            // However often it happened. The pause may have begun a few steps late, on another thread; a longer one has twice the length.
            Assert.InRange(setup.Time.GetElapsedTime(since), ReconnectDelay, 1.9 * ReconnectDelay);
            device = await setup.Link.AcceptAsync();
            await setup.UntilUp();
        }

        await poisoner.SendAsync("good\n");
        await device.ReadAsync(5);
        await device.SendAsync("answer\n");
        Assert.Equal("answer", await poisoner.ReadLineAsync());
        Assert.Equal(11, setup.Link.Attempts);
    }

    [Fact]
    public async Task OnlyFailuresToConnectMakeThePauseGrow()
    {
        using var setup = new RelayBench(isThere: false);
        await SyncHost.Until(() => setup.Manager.GetStatus().State == LinkState.Down, "the link is down");
        foreach (var milliseconds in (int[])[100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000])
        {
            var attempts = setup.Link.Attempts;
            setup.Time.Advance(TimeSpan.FromMilliseconds(milliseconds - 1));
            Assert.Equal(attempts, setup.Link.Attempts);
            await SyncHost.AdvanceUntil(setup.Time, TimeSpan.FromMilliseconds(1), () => setup.Link.Attempts > attempts, "it is tried again");
        }
    }

    [Fact]
    public async Task ADeviceThatHangsUpAfterEachReplyIsSummedUpInTheLog()
    {
        var log = new LogList();
        using var setup = new RelayBench(log: log);
        var client = setup.Host.Connect();
        for (var i = 0; i < 50; i++)
        {
            await client.SendAsync("ask\n");
            var device = await setup.Link.AcceptAsync();
            await device.ReadAsync(4);
            await device.SendAsync("answer\n");
            Assert.Equal("answer", await client.ReadLineAsync());
            device.HangUp();
        }

        Assert.Equal(2, Told(log).Count); // open, lost
        await SyncHost.AdvanceUntil(setup.Time, TimeSpan.FromSeconds(1), () => Told(log).Count == 3, "the rest is summed up");
        Assert.Contains("lost 49 times, opened ", Told(log)[2], StringComparison.Ordinal);
        for (var i = 0; i < 60; i++)
            setup.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(3, Told(log).Count);
    }

    [Fact]
    public async Task TheLogIsNotToldUnderTheLock()
    {
        // A log that asks for the link's state, as one that holds everything up would be waited for by whoever asks.
        LinkManager? manager = null;
        var blocked = 0;
        var log = new CallingLog(() =>
        {
            if (manager is { } asked && !Task.Run(asked.GetStatus).Wait(TimeSpan.FromSeconds(5)))
                blocked++;
        });
        var link = new ScriptedLink();
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        await using var made = manager = new LinkManager("R", link, new LinkOptions(), time, log);
        made.Start();
        var device = await link.AcceptAsync();
        await SyncHost.Until(() => made.GetStatus().State == LinkState.Up, "up");
        await device.SendAsync("unasked");
        await SyncHost.AdvanceUntil(time, TimeSpan.FromSeconds(1), () => made.GetStatus().DiscardedBytes == 7, "discarded");
        device.HangUp();
        await SyncHost.AdvanceUntil(time, TimeSpan.FromSeconds(1), () => link.Attempts == 2, "opened again");
        await SyncHost.Until(() => log.Calls >= 3, "told");
        Assert.Equal(0, blocked);
    }

    [Fact]
    public async Task TheStateTellsWhatBecomesOfTheLink()
    {
        var link = new ScriptedLink();
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        var manager = new LinkManager("R", link, new LinkOptions(), time, new LogList());
        Assert.Equal(LinkState.Idle, manager.GetStatus().State);
        manager.Start();
        await SyncHost.Until(() => manager.GetStatus().State == LinkState.Up, "up");
        Assert.NotNull(await manager.TakeAsync(new WorkBudget(), CancellationToken.None));
        Assert.Equal(LinkState.Taken, manager.GetStatus().State);
        manager.Release();
        Assert.Equal(LinkState.Up, manager.GetStatus().State);
        await manager.TakeAsync(new WorkBudget(), CancellationToken.None);
        link.IsThere = false;
        await manager.CutAsync();
        Assert.Equal(LinkState.Idle, manager.GetStatus().State);
        await manager.RetireAsync();
        await SyncHost.Until(() => manager.GetStatus().State == LinkState.Down, "down");
        await manager.DisposeAsync();
        Assert.Equal(LinkState.Stopped, manager.GetStatus().State);
        Assert.Null(await manager.TakeAsync(new WorkBudget(), CancellationToken.None));
    }

    /// <summary>An attempt that fails renews the error, not the time since which the device has been away; a link that is up keeps the error.</summary>
    [Fact]
    public async Task TheStatusTellsSinceWhenTheDeviceIsAwayAndWhenTheLastErrorWas()
    {
        using var setup = new RelayBench(isThere: false);
        await SyncHost.Until(() => setup.Manager.GetStatus().State == LinkState.Down, "the link is down");
        var first = setup.Manager.GetStatus();
        Assert.NotNull(first.DownSince);
        await SyncHost.AdvanceUntil(setup.Time, ReconnectDelay, () => setup.Manager.GetStatus().LastErrorAt > first.LastErrorAt, "another attempt has failed");
        var later = setup.Manager.GetStatus();
        Assert.Equal(first.DownSince, later.DownSince);

        setup.Link.IsThere = true;
        await SyncHost.AdvanceUntil(setup.Time, TimeSpan.FromSeconds(1), () => setup.Manager.GetStatus().State == LinkState.Up, "the link is up");
        var up = setup.Manager.GetStatus();
        Assert.Null(up.DownSince);
        Assert.NotNull(up.LastError);
        Assert.True(up.LastErrorAt >= later.LastErrorAt, "the last error's time is kept");
    }

    [Fact]
    public async Task ALineThatIsBeingPurgedIsGivenToNobody()
    {
        var link = new ScriptedLink { KeepsLateBytes = true };
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        await using var manager = new LinkManager("R", link, new LinkOptions(), time, new LogList());
        manager.Start();
        await SyncHost.Until(() => manager.GetStatus().State == LinkState.Up, "up");
        await manager.TakeAsync(new WorkBudget(), CancellationToken.None);
        var retiring = manager.RetireAsync().AsTask();
        Assert.Equal(LinkState.Purging, manager.GetStatus().State);
        Assert.Null(await manager.TakeAsync(new WorkBudget(), CancellationToken.None));
        Assert.Equal(LinkState.Purging, manager.GetStatus().State);
        await SyncHost.AdvanceUntil(time, TimeSpan.FromSeconds(1), () => retiring.IsCompleted, "silent");
        Assert.Equal(LinkState.Up, manager.GetStatus().State);
        Assert.NotNull(await manager.TakeAsync(new WorkBudget(), CancellationToken.None));
    }

    [Fact]
    public async Task WhileATurnAwaitsSilenceTheLineIsPurgedAndThenTheTurnsAgain()
    {
        var link = new ScriptedLink { KeepsLateBytes = true };
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        await using var manager = new LinkManager("R", link, new LinkOptions(), time, new LogList());
        manager.Start();
        await SyncHost.Until(() => manager.GetStatus().State == LinkState.Up, "up");
        var open = await manager.TakeAsync(new WorkBudget(), CancellationToken.None);
        var awaiting = manager.AwaitSilenceAsync(open!, TimeSpan.FromSeconds(1), CancellationToken.None).AsTask();
        Assert.Equal(LinkState.Purging, manager.GetStatus().State);
        await SyncHost.AdvanceUntil(time, TimeSpan.FromSeconds(1), () => awaiting.IsCompleted, "silent");
        Assert.True(await awaiting);
        Assert.Equal(LinkState.Taken, manager.GetStatus().State);

        using var turn = new CancellationTokenSource();
        awaiting = manager.AwaitSilenceAsync(open!, TimeSpan.FromSeconds(1), turn.Token).AsTask();
        await turn.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => awaiting);
        Assert.Equal(LinkState.Up, manager.GetStatus().State);
    }

    /// <summary>Whatever goes wrong in a purge, the line is not left as one that nobody may use.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task APurgeThatFailsClosesTheLine(bool awaitsSilence)
    {
        var link = new ScriptedLink { KeepsLateBytes = true };
        await using var manager = new LinkManager("R", link, new LinkOptions(), new Microsoft.Extensions.Time.Testing.FakeTimeProvider(), new FailingLog());
        manager.Start();
        await SyncHost.Until(() => manager.GetStatus().State == LinkState.Up, "up");
        var device = await link.AcceptAsync();
        var open = await manager.TakeAsync(new WorkBudget(), CancellationToken.None);

        Task purge = awaitsSilence
            ? manager.AwaitSilenceAsync(open!, TimeSpan.FromSeconds(1), CancellationToken.None).AsTask()
            : manager.RetireAsync().AsTask();
        await device.SendAsync("late"); // which is logged, and the log fails
        await Assert.ThrowsAsync<InvalidTimeZoneException>(() => purge.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
        Assert.Equal(LinkState.Idle, manager.GetStatus().State);
        Assert.True(device.IsClosed);
    }

    private sealed class FailingLog : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel == LogLevel.Debug;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            throw new InvalidTimeZoneException("a log that fails");
    }

    private static List<string> Told(LogList log) => [.. log.Entries.Where(e => e.Level > LogLevel.Debug).Select(e => e.Text)];

    private sealed class CallingLog(Action call) : ILogger
    {
        private int _calls;

        public int Calls => _calls;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            call();
            Interlocked.Increment(ref _calls);
        }
    }
}
