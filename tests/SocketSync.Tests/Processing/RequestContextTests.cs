using System.Buffers;
using System.Text;

namespace SocketSync.Tests;

public class RequestContextTests
{
    private readonly FakeConversation _client = new();
    private readonly RequestContext _context;

    public RequestContextTests()
    {
        _context = new RequestContext("R", GateBench.NewTurn().Client, _client, leaveIoThread: false);
        _context.Open(Bytes("first"));
    }

    [Fact]
    public async Task ConversesDuringTheTurn()
    {
        _client.Requests.Enqueue("second"u8.ToArray());
        _context.Reply.Write("which?"u8);
        await _context.SendAsync(TestContext.Current.CancellationToken);
        Assert.Equal("first", Text(_context.Request));
        var next = await _context.ReceiveAsync(TestContext.Current.CancellationToken);
        _context.Reply.Write("done"u8);

        Assert.Equal("second", Text(next!.Value));
        Assert.Equal("second", Text(_context.Request));
        Assert.Equal("which?", Encoding.ASCII.GetString(Assert.Single(_client.Sent)));
        Assert.Equal("done", Encoding.ASCII.GetString(_context.ReplyBuffer.Written.Span));
        Assert.Null(await _context.ReceiveAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task AfterTheTurnItReachesNobody()
    {
        await _context.CloseAsync().Bound();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(Send);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(Receive);
        Assert.Equal(0, _client.Calls);

        _context.Open(Bytes("again"));
        await Send().Bound();
        Assert.Equal(1, _client.Calls);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task OneCallAtATime(bool firstSends)
    {
        _client.Gate = new TaskCompletionSource();
        var first = firstSends ? Send() : Receive();
        await Assert.ThrowsAsync<InvalidOperationException>(Send);
        await Assert.ThrowsAsync<InvalidOperationException>(Receive);
        Assert.Equal(1, _client.Calls);

        _client.Gate.SetResult();
        await first.Bound();
        _client.Gate = null;
        await Send().Bound();
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task TheEndOfTheTurnCancelsACallUnderWay(bool sends)
    {
        _client.Gate = new TaskCompletionSource();
        var call = sends ? Send() : Receive();

        await _context.CloseAsync().Bound();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.Bound());
        _client.Gate = null;
        _context.Open(Bytes("again"));
        await Send().Bound(); // the next turn's calls are not cancelled
    }

    [Fact]
    public async Task TheEndOfTheTurnWaitsForACallUnderWay()
    {
        _client.Gate = new TaskCompletionSource();
        _client.IsStubborn = true;
        var call = Receive();

        var closing = _context.CloseAsync().AsTask();
        Assert.False(closing.IsCompleted);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(Send); // no other call slips in meanwhile
        Assert.False(closing.IsCompleted);
        _client.Gate.SetResult();

        await closing.Bound();
        Assert.True(call.IsCompleted);
    }

    [Fact]
    public async Task TheProcessorsOwnTokenCancelsThatCallOnly()
    {
        _client.Gate = new TaskCompletionSource();
        using var own = new CancellationTokenSource();
        var call = _context.ReceiveAsync(own.Token).AsTask();
        await own.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.Bound());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _context.ReceiveAsync(own.Token).AsTask());

        _client.Gate = null;
        _client.Requests.Enqueue("later"u8.ToArray());
        Assert.Equal("later", Text((await _context.ReceiveAsync(TestContext.Current.CancellationToken))!.Value));
    }

    [Fact]
    public async Task WhatASendGaveUpOnIsNotSentAgain()
    {
        _client.Gate = new TaskCompletionSource();
        using var own = new CancellationTokenSource();
        _context.Reply.Write("once"u8);
        var call = _context.SendAsync(own.Token).AsTask();
        await own.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.Bound());

        Assert.Equal("once", Encoding.ASCII.GetString(Assert.Single(_client.Sent)));
        Assert.Equal(0, _context.ReplyBuffer.Length);
    }

    private static ReadOnlySequence<byte> Bytes(string text) => new(Encoding.ASCII.GetBytes(text));

    private static string Text(ReadOnlySequence<byte> bytes) => Encoding.ASCII.GetString(bytes);

    private Task Send() => _context.SendAsync().AsTask();

    private Task Receive() => _context.ReceiveAsync().AsTask();
}

[Collection(Alone.Name)]
public class ConversationLockRaceTests
{
    [Fact]
    public void NeverHasTwoOwners()
    {
        var conversation = new ConversationLock();
        var owners = 0;
        var calls = 0;
        int waited = 0, cancelled = 0;
        Race.Run(
            Race.Rounds,
            conversation.Open,
            () =>
            {
                if (conversation.TurnIsOver.IsCancellationRequested)
                    Assert.Fail("the next turn's calls are cancelled before they begin");
            },
            () =>
            {
                try
                {
                    for (var call = 0; call < 20; call++)
                    {
                        conversation.Enter();
                        Own();
                        if (conversation.TurnIsOver.IsCancellationRequested)
                            cancelled++;
                        calls++;
                        conversation.Exit();
                    }
                }
                catch (OperationCanceledException)
                {
                    // The turn is over.
                }
            },
            () =>
            {
                var closing = conversation.CloseAsync();
                if (!closing.IsCompleted)
                {
                    waited++;
                    var task = closing.AsTask();
                    if (!Race.Await(() => task.IsCompleted))
                        Assert.Fail("never closed");
                }

                Own();
            });
        Assert.True(calls > 0 && waited > 0 && waited < Race.Rounds, $"this race was none: {calls} calls, {waited} waits, {cancelled} cancelled");

        void Own()
        {
            if (Interlocked.Increment(ref owners) != 1)
                Assert.Fail("two owners");
            Thread.SpinWait(3);
            Interlocked.Decrement(ref owners);
        }
    }
}
