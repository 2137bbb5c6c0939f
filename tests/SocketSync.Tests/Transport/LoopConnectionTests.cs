using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace SocketSync.Tests;

/// <summary>A connection that an event loop serves, and its peer.</summary>
public sealed class LoopConnectionTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WhatIsSentIsReadAndWhatIsWrittenIsReceived()
    {
        await using var pair = await LoopPair.CreateAsync();
        await pair.Peer.SendAsync("question"u8.ToArray(), Cancellation);
        var read = await pair.Connection.Transport.Input.ReadAsync(Cancellation);
        Assert.Equal("question"u8.ToArray(), read.Buffer.ToArray());
        pair.Connection.Transport.Input.AdvanceTo(read.Buffer.End);

        await pair.Connection.Transport.Output.WriteAsync("answer"u8.ToArray(), Cancellation);
        Assert.Equal("answer"u8.ToArray(), await pair.ReceiveAsync(6));
        Assert.Equal(pair.Peer.LocalEndPoint, pair.Connection.RemoteEndPoint);
        Assert.Equal(pair.Peer.RemoteEndPoint, pair.Connection.LocalEndPoint);
    }

    /// <summary>The reader takes parts, waits for more, gives back, and is woken by others at any time: no byte is lost, doubled or moved.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task TheBytesAreWholeHoweverTheyAreRead(int seed)
    {
        const int Total = 4_000_000;
        await using var pair = await LoopPair.CreateAsync(readAhead: 16 * 1024);
        var input = pair.Connection.Transport.Input;
        var random = new Random(seed);
        using var stop = new CancellationTokenSource();
        var waking = Task.Run(
            () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    input.CancelPendingRead();
                    Thread.SpinWait(2000);
                }
            },
            Cancellation);

        // Again, until it was woken often enough: on a busy machine the thread that wakes it gets little time.
        for (var cancelled = 0; cancelled <= 100;)
        {
            var sending = Task.Run(() => SendPatternAsync(pair.Peer, Total, new Random(seed + 100)), Cancellation);
            for (long position = 0; position < Total;)
            {
                if (!input.TryRead(out var read))
                    read = await input.ReadAsync(Cancellation);
                cancelled += read.IsCanceled ? 1 : 0;
                AssertPattern(read.Buffer, position);
                var consumed = random.Next(4) == 0 ? 0 : random.NextInt64(read.Buffer.Length + 1);
                position += consumed;
                var at = read.Buffer.GetPosition(consumed);
                input.AdvanceTo(at, random.Next(3) == 0 ? at : read.Buffer.End);
            }

            await sending;
        }

        await stop.CancelAsync();
        await waking;
    }

    [Fact]
    public async Task WhoDoesNotReadIsReadAheadOfOnlySoFar()
    {
        const int ReadAhead = 64 * 1024;
        await using var pair = await LoopPair.CreateAsync(ReadAhead);
        await using var other = await LoopPair.CreateAsync(ReadAhead);
        var sending = SendPatternAsync(pair.Peer, 32_000_000, new Random(1));
        await other.Peer.SendAsync("!"u8.ToArray(), Cancellation);
        Assert.Equal(1, (await other.Connection.Transport.Input.ReadAsync(Cancellation)).Buffer.Length); // the loop is free meanwhile

        var input = pair.Connection.Transport.Input;
        await pair.IsHeldUpAsync(() => sending.IsCompleted);
        Assert.True(input.TryRead(out var read));
        Assert.InRange(read.Buffer.Length, ReadAhead, 2 * ReadAhead);
        Assert.False(sending.IsCompleted);

        for (long position = 0; position < 32_000_000;)
        {
            AssertPattern(read.Buffer, position);
            position += read.Buffer.Length;
            input.AdvanceTo(read.Buffer.End);
            if (position < 32_000_000)
                read = await input.ReadAsync(Cancellation);
        }

        await sending;
    }

    /// <summary>A request longer than what is read ahead: who has examined everything gets more.</summary>
    [Fact]
    public async Task WhoWaitsForMoreGetsMoreThanIsReadAhead()
    {
        await using var pair = await LoopPair.CreateAsync(readAhead: 4096);
        var sending = SendPatternAsync(pair.Peer, 1_000_000, new Random(1));
        var input = pair.Connection.Transport.Input;
        var read = await input.ReadAsync(Cancellation);
        while (read.Buffer.Length < 1_000_000)
        {
            input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            read = await input.ReadAsync(Cancellation);
        }

        AssertPattern(read.Buffer, 0);
        await sending;
    }

    [Fact]
    public async Task AFlushThatThePeerDoesNotTakeWaitsAndKeepsItsOrderAlsoWhenGivenUp()
    {
        const int Part = 16_000_000; // more than the system's buffers of both ends
        await using var pair = await LoopPair.CreateAsync();
        var output = pair.Connection.Transport.Output;
        var expected = Pattern(2 * Part);
        output.Write(expected.AsSpan(0, Part));
        var flush = output.FlushAsync(Cancellation).AsTask();
        Assert.False(flush.IsCompleted);
        output.CancelPendingFlush();
        Assert.True((await flush).IsCanceled);

        output.Write(expected.AsSpan(Part));
        flush = output.FlushAsync(Cancellation).AsTask();
        Assert.False(flush.IsCompleted);
        Assert.Equal(expected, await pair.ReceiveAsync(expected.Length));
        Assert.False((await flush).IsCompleted);
    }

    [Fact]
    public async Task ACancellationThatCameBeforeTheFlushHoldsNothingBack()
    {
        await using var pair = await LoopPair.CreateAsync();
        var expected = Pattern(16_000_000);
        pair.Connection.Transport.Output.CancelPendingFlush();
        Assert.True((await pair.Connection.Transport.Output.WriteAsync(expected, Cancellation)).IsCanceled);
        Assert.Equal(expected, await pair.ReceiveAsync(expected.Length));
    }

    [Fact]
    public async Task ATokenEndsTheWaitForAFlushAndNotTheSending()
    {
        await using var pair = await LoopPair.CreateAsync();
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var expected = Pattern(16_000_000);
        var flush = pair.Connection.Transport.Output.WriteAsync(expected, giveUp.Token).AsTask();
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => flush);
        Assert.Equal(expected, await pair.ReceiveAsync(expected.Length));
    }

    [Fact]
    public async Task TheEndOfTheStreamIsReadBehindItsBytesAndAnswered()
    {
        await using var pair = await LoopPair.CreateAsync();
        await pair.Peer.SendAsync("last"u8.ToArray(), Cancellation);
        pair.Peer.Shutdown(SocketShutdown.Send);
        await pair.ClosedAsync();
        var read = await pair.Connection.Transport.Input.ReadAsync(Cancellation);
        Assert.Equal(4, read.Buffer.Length);
        Assert.True(read.IsCompleted);
        await pair.Connection.Transport.Output.WriteAsync("still answered"u8.ToArray(), Cancellation);
        Assert.Equal("still answered"u8.ToArray(), await pair.ReceiveAsync(14));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(32_000_000)]
    public async Task AResetIsToldToWhoReadsOrWritesAlsoBehindWhatIsNotRead(int unread)
    {
        await using var pair = await LoopPair.CreateAsync();
        var output = pair.Connection.Transport.Output;
        var flush = output.WriteAsync(Pattern(16_000_000), Cancellation).AsTask();
        var reading = unread == 0 ? pair.Connection.Transport.Input.ReadAsync(Cancellation).AsTask() : null;
        var sending = Task.CompletedTask;
        if (unread > 0)
        {
            sending = SendPatternAsync(pair.Peer, unread, new Random(1));
            await pair.IsHeldUpAsync(() => sending.IsCompleted); // what follows stays behind what is not read
        }

        pair.Peer.Close(timeout: 0);
        await Record.ExceptionAsync(() => sending);
        Assert.True((await flush.WaitAsync(TimeSpan.FromSeconds(20), Cancellation)).IsCompleted);
        Assert.True((await output.WriteAsync("x"u8.ToArray(), Cancellation)).IsCompleted);
        if (reading is not null)
        {
            await Assert.ThrowsAsync<ConnectionResetException>(() => reading);
            await pair.ClosedAsync();
        }
    }

    /// <summary>A reader on the pool asks and pauses while the loop serves a socket that hangs up: none of them is forgotten.</summary>
    [Fact]
    public async Task AReaderOfAnotherThreadIsNeverForgotten()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Run(
            async () =>
            {
                var random = new Random(worker);
                for (var i = 0; i < 300; i++)
                {
                    await using var pair = await LoopPair.CreateAsync(readAhead: 4096);
                    var length = random.Next(1, 60_000);
                    var sending = SendPatternAsync(pair.Peer, length, random);
                    var half = sending.ContinueWith(_ => pair.Peer.Shutdown(SocketShutdown.Send), Cancellation, TaskContinuationOptions.None, TaskScheduler.Default);
                    pair.Connection.Socket.Shutdown(SocketShutdown.Send); // so that the end of the peer's stream is a hang-up
                    var input = pair.Connection.Transport.Input;
                    for (long position = 0; ;)
                    {
                        var read = await input.ReadAsync(Cancellation).AsTask().WaitAsync(TimeSpan.FromSeconds(20), Cancellation);
                        await Task.Yield(); // from here on on the pool
                        AssertPattern(read.Buffer, position);
                        position += read.Buffer.Length;
                        input.AdvanceTo(read.Buffer.End);
                        if (!read.IsCompleted)
                            continue;
                        Assert.Equal(length, position);
                        break;
                    }

                    await half;
                }
            },
            Cancellation)));
    }

    [Fact]
    public async Task AnAbortResetsAndNothingIsSentAfterIt()
    {
        await using var pair = await LoopPair.CreateAsync();
        var reading = pair.Connection.Transport.Input.ReadAsync(Cancellation).AsTask();
        pair.Connection.Abort(new ConnectionAbortedException("for the test"));
        Assert.True((await pair.Connection.Transport.Output.WriteAsync("late"u8.ToArray(), Cancellation)).IsCompleted);
        Assert.Equal("for the test", (await Assert.ThrowsAsync<ConnectionAbortedException>(() => reading)).Message);
        await pair.ClosedAsync();
        var error = await Assert.ThrowsAsync<SocketException>(() => pair.ReceiveAsync(1));
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
    }

    [Fact]
    public async Task WhatWasWrittenIsSentBeforeTheConnectionIsClosed()
    {
        var pair = await LoopPair.CreateAsync();
        var expected = Pattern(5_000_000);
        pair.Connection.Transport.Output.Write(expected);
        var closing = pair.Connection.DisposeAsync().AsTask();
        Assert.Equal(expected, await pair.ReceiveAsync(expected.Length));
        Assert.Equal(0, await pair.Peer.ReceiveAsync(new byte[1], Cancellation));
        await closing;
        await pair.ClosedAsync();
        Assert.True(pair.Connection.Socket.SafeHandle.IsClosed);
        pair.Peer.Dispose();
    }

    /// <summary>Connections come, are aborted and disposed by several threads while bytes flow both ways, and their descriptors are used again at once.</summary>
    [Fact]
    public async Task ConnectionsThatEndInAnyWayNeverTouchAnother()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(
            async () =>
            {
                var random = new Random(worker);
                for (var i = 0; i < 400; i++)
                {
                    var pair = await LoopPair.CreateAsync();
                    var serving = EchoAsync(pair.Connection);
                    var text = new[] { (byte)worker, (byte)i, (byte)(i >> 8), (byte)1 };
                    await pair.Peer.SendAsync(text, Cancellation);
                    if (random.Next(2) == 0)
                        Assert.Equal(text, await pair.ReceiveAsync(text.Length));
                    if (random.Next(2) == 0)
                        pair.Connection.Abort();
                    else if (random.Next(2) == 0)
                        pair.Peer.Close(timeout: random.Next(2) - 1);
                    else
                        pair.Connection.Transport.Input.CancelPendingRead();
                    await serving.WaitAsync(TimeSpan.FromSeconds(20), Cancellation);
                    await pair.DisposeAsync();
                }
            },
            Cancellation)));
    }

    [Fact]
    public async Task FeaturesAreItsOwnAndThoseThatAreSet()
    {
        await using var pair = await LoopPair.CreateAsync();
        var features = pair.Connection.Features;
        Assert.Same(pair.Connection, features.Get<IConnectionSocketFeature>());
        Assert.Same(pair.Connection, features.Get<IConnectionTransportFeature>());
        Assert.Null(features.Get<ITlsHandshakeFeature>());
        features.Set("text");
        features.Set(new List<int>());
        var before = features.Revision;
        features.Set<string>(null);
        Assert.NotEqual(before, features.Revision);
        Assert.Null(features.Get<string>());
        Assert.NotNull(features.Get<List<int>>());
        Assert.Single(features);
    }

    private static async Task EchoAsync(LoopConnection connection)
    {
        var (input, output) = (connection.Transport.Input, connection.Transport.Output);
        try
        {
            while (true)
            {
                var read = await input.ReadAsync(Cancellation);
                foreach (var segment in read.Buffer)
                    output.Write(segment.Span);
                input.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted || read.IsCanceled || (await output.FlushAsync(Cancellation)).IsCompleted)
                    return;
            }
        }
        catch (IOException)
        {
            // Reset.
        }
        catch (OperationCanceledException)
        {
            // Aborted.
        }
    }

    private static byte[] Pattern(int length)
    {
        var bytes = new byte[length];
        for (var i = 0; i < length; i++)
            bytes[i] = At(i);
        return bytes;
    }

    private static byte At(long position) => (byte)((position * 31) + (position >> 8) + (position >> 16));

    private static void AssertPattern(in ReadOnlySequence<byte> bytes, long position)
    {
        foreach (var segment in bytes)
        {
            foreach (var value in segment.Span)
            {
                if (value != At(position++))
                    Assert.Fail($"A wrong byte at {position - 1}");
            }
        }
    }

    private static async Task SendPatternAsync(Socket to, int total, Random random)
    {
        var bytes = Pattern(total);
        for (var sent = 0; sent < total;)
            sent += await to.SendAsync(bytes.AsMemory(sent, Math.Min(random.Next(1, 50_000), total - sent)), SocketFlags.None);
    }
}
