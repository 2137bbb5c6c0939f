using System.Buffers;
using System.Text;

namespace SocketSync.Tests;

public class ConversationTests
{
    [Fact]
    public async Task TheIdleTimeOfOneWaitEndsNoLaterOne()
    {
        var processor = new HeldConversation();
        using var host = new SyncHost(processor, new GateOptions { TurnTimeout = TimeSpan.FromDays(24) }, new ListenerOptions { IdleTimeout = TimeSpan.FromSeconds(1) });
        var client = await host.ConnectAndHoldAsync("first\n");
        // An interruption that came too late for the wait it was meant for ends the next one, and the request is there already.
        client.Transport.Input.CancelPendingRead();
        await client.SendAsync("second\n");
        processor.Go.Release(2);
        await SyncHost.Until(() => processor.Receiving == 1, "a conversation");

        host.Time.Advance(TimeSpan.FromSeconds(10)); // in a turn nobody is idle
        await client.SendAsync("third\n");

        Assert.Equal("second third", await client.ReadLineAsync());
    }

    /// <summary>Holds the first request, then joins each request with the next one.</summary>
    private sealed class HeldConversation : IRequestProcessor
    {
        private int _receiving;

        public SemaphoreSlim Go { get; } = new(0);

        public int Receiving => Volatile.Read(ref _receiving);

        public async ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken)
        {
            await Go.WaitAsync(cancellationToken);
            var first = Encoding.ASCII.GetString(context.Request).TrimEnd();
            if (first == "first")
                return;
            Volatile.Write(ref _receiving, 1);
            var next = await context.ReceiveAsync(cancellationToken);
            context.Reply.Write(Encoding.ASCII.GetBytes($"{first} {(next is { } bytes ? Encoding.ASCII.GetString(bytes) : "nothing\n")}"));
        }
    }

    [Fact]
    public async Task AConversationStaysInsideOneTurn()
    {
        using var host = new SyncHost(new Asking());
        var client = host.Connect();
        await client.SendAsync("start\n");
        Assert.Equal("which?", await client.ReadLineAsync());
        var other = host.Connect();
        await other.SendAsync("start\n");
        await host.UntilWaiting(1);
        await client.SendAsync("seven\n");
        Assert.Equal("1: seven", await client.ReadLineAsync());
        Assert.Equal("which?", await other.ReadLineAsync());
        await other.SendAsync("eight\n");
        Assert.Equal("2: eight", await other.ReadLineAsync());
        Assert.Equal(2, host.Listener.CountOf(Outcome.Ok));
    }

    [Fact]
    public async Task AnAnswerThatCameEarlyIsTaken()
    {
        using var host = new SyncHost(new Asking());
        var client = host.Connect();
        await client.SendAsync("start\nseven\n");
        Assert.Equal("which?", await client.ReadLineAsync());
        Assert.Equal("1: seven", await client.ReadLineAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AClientThatLeavesIsSeenByReceive(bool resets)
    {
        var asking = new Asking();
        using var host = new SyncHost(asking);
        var client = host.Connect();
        await client.SendAsync("start\n");
        Assert.Equal("which?", await client.ReadLineAsync());
        if (resets)
            client.Reset();
        else
            client.HalfClose();
        await client.Served;
        Assert.Equal(1, asking.Left);
        Assert.Null(host.Gate.GetStatus().Holder);
    }

    [Fact]
    public async Task AnOverdueConversationIsToldAndTheConnectionGoesOn()
    {
        var asking = new Asking();
        using var host = new SyncHost(asking, new GateOptions { TurnTimeout = TimeSpan.FromSeconds(5) });
        var client = host.Connect();
        await client.SendAsync("start\n");
        Assert.Equal("which?", await client.ReadLineAsync());
        host.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.StartsWith("ERROR timeout", await client.ReadLineAsync(), StringComparison.Ordinal);
        await SyncHost.Until(() => host.Gate.GetStatus().Holder is null, "the processor has left");
        await client.SendAsync("start\n");
        Assert.Equal("which?", await client.ReadLineAsync());
        await client.SendAsync("nine\n");
        Assert.Equal("1: nine", await client.ReadLineAsync());
    }

    [Fact]
    public async Task AMalformedAnswerEndsTheConversationAndIsTold()
    {
        using var host = new SyncHost(new Asking(), protocol: new ProtocolOptions { Name = "Line", MaxRequestBytes = 16 });
        var client = host.Connect();
        await client.SendAsync("start\n");
        Assert.Equal("which?", await client.ReadLineAsync());
        await client.SendAsync("an answer that is much too long\n");
        Assert.StartsWith("ERROR too-large", await client.ReadLineAsync(), StringComparison.Ordinal);
        client.HalfClose();
        Assert.Null(await client.ReadLineAsync());
    }

    [Fact]
    public async Task WhatAThrowingProcessorWroteIsThrownAway()
    {
        using var host = new SyncHost(new Throwing());
        var client = host.Connect();
        await client.SendAsync("x\n");
        Assert.StartsWith("ERROR failed", await client.ReadLineAsync(), StringComparison.Ordinal);
        await client.SendAsync("y\n");
        Assert.StartsWith("ERROR failed", await client.ReadLineAsync(), StringComparison.Ordinal);
    }

    private sealed class Asking : IRequestProcessor
    {
        private int _served;

        public int Left { get; private set; }

        public async ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken)
        {
            context.Reply.Write("which?\n"u8);
            await context.SendAsync(cancellationToken);
            if (await context.ReceiveAsync(cancellationToken) is not { } answer)
            {
                Left++;
                return;
            }

            context.Reply.Write(Encoding.ASCII.GetBytes($"{++_served}: "));
            foreach (var segment in answer)
                context.Reply.Write(segment.Span);
        }
    }

    private sealed class Throwing : IRequestProcessor
    {
        public ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken)
        {
            context.Reply.Write("half a reply"u8);
            throw new InvalidOperationException("on purpose");
        }
    }
}
