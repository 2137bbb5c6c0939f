using System.Buffers;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using SocketSync.Testing;

namespace SocketSync.Tests;

/// <summary>The host's own code in the one line with all clients.</summary>
public sealed class LocalResourceTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Requests, work, and both given up at any moment: never two at once, and each ends once.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task NothingOverlapsWhateverIsGivenUp(bool another)
    {
        const int Tasks = 8;
        const int Rounds = 15_000;
        var (inside, overlaps, done) = (0, 0, 0);
        await using var resource = new TestResource((_, _) => Use(), new() { Gate = new() { MaxQueue = 5 } });
        await using var second = new TestResource((_, _) => default);
        await Task.WhenAll(Enumerable.Range(0, Tasks).Select(task => Task.Run(async () =>
        {
            var random = new Random(task);
            for (var i = 0; i < Rounds; i++)
            {
                if (another) await second.AskAsync("x");
                using var giveUp = new CancellationTokenSource();
                var mayGiveUp = random.Next(4) == 0;
                var asked = random.Next(2) == 0
                    ? (Task)resource.AskAsync(new byte[] { 1 }, (Priority)random.Next(3), giveUp.Token)
                    : resource.RunAsync(_ => Use(), (Priority)random.Next(3), giveUp.Token);
                if (mayGiveUp) await giveUp.CancelAsync();
                try
                {
                    await asked.WaitAsync(Patience, Cancellation);
                }
                catch (OperationCanceledException) when (mayGiveUp)
                {
                    // as it was told
                }
                catch (TurnRefusedException refused)
                {
                    Assert.Equal(Outcome.Busy, refused.Outcome);
                }
            }
        })));
        Assert.Equal(0, Volatile.Read(ref overlaps));
        Assert.True(done > Tasks * Rounds / 4, $"{done} were in a turn");
        // Nothing is left inside or in line.
        await resource.RunAsync(_ => default, cancellationToken: Cancellation).WaitAsync(Patience, Cancellation);
        Assert.Equal(0, resource.QueueLength);

        ValueTask Use()
        {
            if (Interlocked.Increment(ref inside) != 1) Interlocked.Increment(ref overlaps);
            done++;
            Interlocked.Decrement(ref inside);
            return default;
        }
    }

    [Fact]
    public async Task WorkWaitsBehindARequestAndARequestBehindWork()
    {
        var order = new List<string>();
        var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var resource = new TestResource(async (context, _) =>
        {
            order.Add($"request {context.Request.FirstSpan[0]}");
            if (context.Request.FirstSpan[0] == 1) await open.Task;
        });
        var first = resource.AskAsync(new byte[] { 1 }, cancellationToken: Cancellation);
        var work = resource.RunAsync(_ => Note("work"), cancellationToken: Cancellation);
        var second = resource.AskAsync(new byte[] { 2 }, cancellationToken: Cancellation);
        var urgent = resource.RunAsync(_ => Note("urgent"), Priority.High, Cancellation);
        Assert.Equal(3, resource.QueueLength);
        open.SetResult();
        await Task.WhenAll(first, work, second, urgent).WaitAsync(Patience, Cancellation);
        Assert.Equal("request 1, urgent, work, request 2", string.Join(", ", order));

        ValueTask Note(string what)
        {
            order.Add(what);
            return default;
        }
    }

    [Fact]
    public async Task WhatWorkThrowsIsThrownToItsOwner()
    {
        await using var resource = new TestResource((_, _) => default);
        var thrown = await Assert.ThrowsAsync<InvalidTimeZoneException>(() => resource.RunAsync(_ => throw new InvalidTimeZoneException("mine"), cancellationToken: Cancellation));
        Assert.Equal("mine", thrown.Message);
        await resource.RunAsync(_ => default, cancellationToken: Cancellation);
    }

    [Fact]
    public async Task WhatWorkReturnsIsReturned()
    {
        await using var resource = new TestResource((_, _) => default);
        Assert.Equal(42, await resource.RunAsync(async token =>
        {
            await Task.Yield();
            token.ThrowIfCancellationRequested();
            return 42;
        }, cancellationToken: Cancellation));
    }

    [Fact]
    public async Task WhatAProcessorThrowsIsAnOutcome()
    {
        await using var resource = new TestResource((context, _) =>
        {
            context.Reply.Write("half"u8);
            throw new InvalidTimeZoneException();
        });
        Assert.Equal(new(Outcome.Failed, default), await resource.AskAsync("x"u8.ToArray(), cancellationToken: Cancellation));
    }

    [Fact]
    public async Task WorkThatTakesTooLongIsCancelledAndKeepsTheGateShutUntilItReturns()
    {
        var time = new FakeTimeProvider();
        await using var resource = new TestResource(new Silent(), new() { Gate = new() { TurnTimeout = TimeSpan.FromSeconds(2) } }, time: time);
        var leave = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var late = resource.RunAsync(
            async token =>
            {
                await using var told = token.Register(cancelled.SetResult);
                await leave.Task;
            },
            cancellationToken: Cancellation);
        await SyncHost.AdvanceUntil(time, TimeSpan.FromMilliseconds(500), () => cancelled.Task.IsCompleted, "it is cancelled");
        var next = resource.RunAsync(_ => default, cancellationToken: Cancellation);
        Assert.False(next.IsCompleted);
        Assert.False(late.IsCompleted);
        leave.SetResult();
        await Assert.ThrowsAsync<TimeoutException>(() => late.WaitAsync(Patience, Cancellation));
        await next.WaitAsync(Patience, Cancellation);
    }

    [Fact]
    public async Task WhoWaitsTooLongIsRefused()
    {
        var time = new FakeTimeProvider();
        await using var resource = new TestResource(new Silent(), new() { Gate = new() { WaitTimeout = TimeSpan.FromSeconds(1), MaxQueue = 2 } }, time: time);
        var leave = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var holder = resource.RunAsync(async _ => await leave.Task, cancellationToken: Cancellation);
        var work = resource.RunAsync(_ => default, cancellationToken: Cancellation);
        var request = resource.AskAsync("x"u8.ToArray(), cancellationToken: Cancellation);
        var third = await Assert.ThrowsAsync<TurnRefusedException>(() => resource.RunAsync(_ => default, cancellationToken: Cancellation));
        Assert.Equal("Resource Test gave no turn: it is in use, and too many wait or it took too long (busy).", third.Message);
        await SyncHost.AdvanceUntil(time, TimeSpan.FromMilliseconds(300), () => work.IsCompleted && request.IsCompleted, "both are refused");
        Assert.Equal(Outcome.Busy, (await Assert.ThrowsAsync<TurnRefusedException>(() => work)).Outcome);
        Assert.Equal(Outcome.Busy, (await request).Outcome);
        leave.SetResult();
        await holder.WaitAsync(Patience, Cancellation);
    }

    /// <summary>A request that has its turn is carried out, whoever has stopped waiting.</summary>
    [Fact]
    public async Task GivingUpDuringTheTurnEndsTheWaitAndNotTheTurn()
    {
        var leave = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var begun = new TaskCompletionSource<CancellationToken>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var resource = new TestResource(async (_, token) =>
        {
            begun.TrySetResult(token);
            await leave.Task;
        });
        using var giveUp = new CancellationTokenSource();
        var asking = resource.AskAsync("x"u8.ToArray(), cancellationToken: giveUp.Token);
        var turn = await begun.Task.WaitAsync(Patience, Cancellation);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        Assert.False(turn.IsCancellationRequested);
        leave.SetResult();
        Assert.Equal(Outcome.Ok, (await resource.AskAsync("y"u8.ToArray(), cancellationToken: Cancellation)).Outcome);
    }

    [Fact]
    public async Task ALeaseIsGivenBackAtOnce()
    {
        await using var resource = new TestResource(new Silent(), new() { Gate = new() { Hold = Hold.Connection } });
        for (var i = 0; i < 3; i++)
        {
            await resource.AskAsync("x"u8.ToArray(), cancellationToken: Cancellation).WaitAsync(Patience, Cancellation);
            await resource.RunAsync(_ => default, cancellationToken: Cancellation).WaitAsync(Patience, Cancellation);
        }
    }

    [Theory]
    [InlineData("Echo", "hello\n", "hello\n")]
    [InlineData("Talk", "hello\n", "you said hello\n, no more")]
    [InlineData("Echo", "hello", "Malformed")]
    [InlineData("Echo", "two\nlines\n", "Malformed")]
    [InlineData("Echo", "", "Malformed")]
    [InlineData("Echo", "far longer than allowed here\n", "TooLarge")]
    public async Task ItAsksAsAClientWould(string processor, string request, string reply)
    {
        await using var app = await StartAsync($"Resources:A:Processor={processor}; Resources:B:Processor=Echo");
        Assert.Equal(reply, await app.Resource("A").AskAsync(request));
        Assert.Equal("other\n", await app.Resource("B").AskAsync("other\n"));
    }

    [Fact]
    public async Task ItIsSeenAsClientLocal()
    {
        await using var app = await StartAsync("");
        var topology = app.Services.GetRequiredService<Topology>();
        using var turns = app.Services.GetRequiredService<TurnFeed>().Subscribe(10);
        await app.Resource("A").RunAsync(
            _ =>
            {
                var turn = ResourceFigures.Of(topology, topology.Resources["A"]).Turn!;
                Assert.Equal(("local", "local"), (turn.ConnectionId, turn.RemoteEndPoint));
                return default;
            },
            cancellationToken: Cancellation);
        Assert.Equal("x\n", await app.Resource("A").AskAsync("x\n"));
        Assert.Equal("Malformed", await app.Resource("A").AskAsync("x"));
        Assert.Equal(2, ResourceFigures.Of(topology, topology.Resources["A"]).Completed);
        Assert.Equal(0, ResourceFigures.Of(topology, topology.Resources["B"]).Completed);
        Assert.True(turns.Events.TryRead(out var first));
        Assert.True(turns.Events.TryRead(out var second));
        Assert.Equal(("A", "local", 2L), (first.Resource, first.ConnectionId, second.RequestBytes));
    }

    [Fact]
    public async Task AnUnknownNameIsToldWithThoseThatThereAre()
    {
        await using var app = await StartAsync("");
        Assert.Equal("There is no resource 'Bnch'; the configuration has A, B.", Assert.Throws<InvalidOperationException>(() => app.Resource("Bnch")).Message);
    }

    [Fact]
    public async Task ThereIsNoTurnBeforeTheHostHasStarted()
    {
        var builder = LibraryHost.Create(_ => { }, "Listeners:Default:Port=0");
        await using var app = builder.Build();
        Assert.Equal("Unavailable", await app.Resource("Default").AskAsync("x"));
        Assert.Equal(Outcome.Unavailable, (await Assert.ThrowsAsync<TurnRefusedException>(() => app.Resource("Default").RunAsync(_ => default, cancellationToken: Cancellation))).Outcome);
        await app.StartAsync(Cancellation);
        Assert.Equal("x", await app.Resource("Default").AskAsync("x"));
    }

    /// <summary>An echo is handed over on the thread that ends a turn; the host's code must not be run there.</summary>
    [Fact]
    public async Task WorkNeverRunsWhereItsCallerMayNotBlock()
    {
        await using var app = await StartAsync("");
        var resource = app.Resource("A");
        var ran = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var caller = new Thread(() => resource.RunAsync(
            _ =>
            {
                ran.SetResult(Thread.CurrentThread.IsThreadPoolThread);
                return default;
            },
            cancellationToken: Cancellation).Observe());
        caller.Start();
        Assert.True(await ran.Task.WaitAsync(Patience, Cancellation));
        caller.Join();
    }

    private static Task<WebApplication> StartAsync(string keys) => LibraryHost.StartAsync(
        sync => sync.AddProcessor("Talk", async (context, token) =>
        {
            context.Reply.Write("you said "u8);
            foreach (var segment in context.Request) context.Reply.Write(segment.Span);
            await context.SendAsync(token);
            context.Reply.Write(await context.ReceiveAsync(token) is null ? ", no more"u8 : ", and more"u8);
        }),
        "Resources:A:Protocol:Name=Line; Resources:A:Protocol:MaxRequestBytes=20; Resources:B:Protocol:Name=Line; Listeners:A:Port=0; Listeners:B:Port=0"
        + (keys.Length == 0 ? "" : $"; {keys}"));

    private sealed class Silent : IRequestProcessor
    {
        public ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken) => default;
    }
}
