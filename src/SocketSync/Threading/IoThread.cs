using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;

namespace SocketSync;

/// <summary>Posts continuations to the runtime's I/O thread, at the end of its queue: for sockets that no <see cref="EventLoop"/> serves. Used only by <see cref="Dispatcher"/>.</summary>
/// <remarks>
/// The runtime keeps reading from a socket for as long as it has data: a client that answers faster than the thread asks would
/// be served indefinitely while others wait. The way out is a datagram socket that is connected to itself: a datagram sent to it
/// makes it ready, and the thread handles it in its turn among the ready sockets.
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "It lives as long as the process.")]
internal sealed class IoThread
{
    /// <summary>The batch size: a thousand clients that connect or yield at once must not run in one go.</summary>
    private const int MaxInARow = 8;

    private static readonly Lazy<IoThread?> Instance = new(TryCreate);

    private readonly Socket _socket;
    private readonly SocketAsyncEventArgs _receive = new(true);
    private readonly Lock _sync = new();
    private readonly Queue<Action> _waiting = [];
    private bool _isCalled;

    private IoThread(Socket socket)
    {
        _socket = socket;
        _receive.SetBuffer(new byte[16]);
        _receive.Completed += (_, _) => OnReceived();
        Receive();
    }

    /// <summary>The instance; <see langword="null"/> if the runtime runs socket continuations on the pool.</summary>
    public static IoThread? Shared => Instance.Value;

    /// <summary>Runs the continuation on the I/O thread, after those posted before it.</summary>
    public void Post(Action continuation)
    {
        lock (_sync)
        {
            _waiting.Enqueue(continuation);
            if (_isCalled)
                return; // the datagram is already on its way
            _isCalled = true;
        }

        Call();
    }

    private static IoThread? TryCreate()
    {
        // The runtime's sockets work this way on Unix. Abstract addresses, which leave no file behind, exist only on Linux.
        if (!Dispatcher.IsInline || !OperatingSystem.IsLinux())
            return null;

        Socket? socket = null;
        try
        {
            socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            var self = new UnixDomainSocketEndPoint($"\0SocketSync.{Guid.NewGuid():N}");
            socket.Bind(self);
            socket.Connect(self); // from now on it receives no other sender's datagrams
            return new IoThread(socket);
        }
        catch (SocketException)
        {
            socket?.Dispose();
            return null; // the thread is then shared less fairly, but works
        }
    }

    private void Call()
    {
        try
        {
            _socket.Send([0]);
        }
        catch (SocketException)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static me => me.RunWaiting(), this, preferLocal: false);
        }
    }

    private void OnReceived()
    {
        // Waits for the next datagram before running continuations that may send one, so that it has to queue.
        Receive();
        RunWaiting();
    }

    /// <summary>Starts a receive. A datagram received synchronously stands for continuations that <see cref="RunWaiting"/> runs next.</summary>
    private void Receive()
    {
        while (!_socket.ReceiveAsync(_receive))
        {
        }
    }

    /// <summary>Runs one batch of continuations. If there are more, sockets that are ready come before the rest.</summary>
    private void RunWaiting()
    {
        for (var i = 0; i < MaxInARow; i++)
        {
            Action? continuation;
            lock (_sync)
            {
                if (!_waiting.TryDequeue(out continuation))
                {
                    _isCalled = false;
                    return;
                }
            }

            continuation();
        }

        Call();
    }
}
