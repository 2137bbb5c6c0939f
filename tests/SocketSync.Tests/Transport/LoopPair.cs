using System.Net;
using System.Net.Sockets;

namespace SocketSync.Tests;

/// <summary>A connection that an event loop serves, and the socket of its peer.</summary>
internal sealed class LoopPair : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private LoopPair(LoopConnection connection, Socket peer) =>
        (Connection, Peer, Link) = (connection, peer, new OpenTcpLink(connection, connection.Socket));

    public LoopConnection Connection { get; }

    public Socket Peer { get; }

    /// <summary>The connection as a link to a device, which the peer then is.</summary>
    public OpenTcpLink Link { get; }

    public static async Task<LoopPair> CreateAsync(int readAhead = 64 * 1024)
    {
        EventLoop.Start(1);
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await peer.ConnectAsync(listener.LocalEndPoint!);
        return new(LoopConnection.Start(await listener.AcceptAsync(), EventLoop.Next()!, readAhead), peer);
    }

    /// <summary>Waits until nothing is received any more, and the system takes nothing more from the peer.</summary>
    /// <param name="isAllSent">Whether the peer got rid of everything, so that it was not held up.</param>
    public async Task IsHeldUpAsync(Func<bool> isAllSent)
    {
        var input = (LoopInput)Connection.Transport.Input;
        await SyncHost.Until(() => isAllSent() || (!WantsMore() && !Peer.Poll(TimeSpan.Zero, SelectMode.SelectWrite)), "the peer is held up");
        Assert.False(isAllSent());

        bool WantsMore()
        {
            lock (Connection.Sync)
                return input.WantsMore;
        }
    }

    /// <summary>Runs the action on the thread that serves the connection: nothing is received meanwhile, but by the action.</summary>
    public async Task<T> OnLoopAsync<T>(Func<OpenTcpLink, T> action)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Connection.Loop.Post(() =>
        {
            try
            {
                done.SetResult(action(Link));
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        return await done.Task.WaitAsync(Patience);
    }

    public Task ClosedAsync() => Task.Delay(Timeout.Infinite, Connection.ConnectionClosed).ContinueWith(_ => { }, TaskScheduler.Default).WaitAsync(Patience);

    public async Task<byte[]> ReceiveAsync(int length)
    {
        var bytes = new byte[length];
        using var giveUp = new CancellationTokenSource(Patience);
        for (var received = 0; received < length;)
        {
            var count = await Peer.ReceiveAsync(bytes.AsMemory(received), giveUp.Token);
            if (count == 0)
                throw new EndOfStreamException();
            received += count;
        }

        return bytes;
    }

    public async ValueTask DisposeAsync()
    {
        Peer.Dispose();
        await Connection.DisposeAsync();
    }
}
