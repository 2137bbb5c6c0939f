using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;

namespace SocketSync;

/// <summary>A way onto the runtime's I/O thread, and on it a way to the end of its queue. Used by <see cref="Dispatcher"/> alone.</summary>
/// <remarks>
/// The runtime reads on from a socket for as long as there is something to read: a client that answers faster than the thread asks
/// would be served for as long as it likes while others wait. The way out is a datagram socket that is connected to itself: a datagram
/// sent to it makes it one of the ready sockets, and it is looked at when its turn among them comes.
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "It lives as long as the process.")]
internal sealed class IoThread
{
    /// <summary>A thousand clients that come at once, or yield at once, must not run in one go.</summary>
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

    /// <summary><see langword="null"/> where the runtime continues completed reads on the pool.</summary>
    public static IoThread? Shared => Instance.Value;

    /// <summary>Has the continuation called on the thread, after those posted before it.</summary>
    public void Post(Action continuation)
    {
        lock (_sync)
        {
            _waiting.Enqueue(continuation);
            if (_isCalled)
                return; // its datagram is on the way
            _isCalled = true;
        }

        Call();
    }

    private static IoThread? TryCreate()
    {
        // The runtime's sockets work this way on Unix. Abstract addresses, which leave no file behind, exist on Linux only.
        if (!Dispatcher.IsInline || !OperatingSystem.IsLinux())
            return null;

        Socket? socket = null;
        try
        {
            socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            var self = new UnixDomainSocketEndPoint($"\0SocketSync.{Guid.NewGuid():N}");
            socket.Bind(self);
            socket.Connect(self); // from here on it takes no other sender's datagrams
            return new IoThread(socket);
        }
        catch (SocketException)
        {
            socket?.Dispose();
            return null; // sharing the thread is less fair then, but works
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
        // Waits for the next datagram before it runs what may send one: that one then has to queue up.
        Receive();
        RunWaiting();
    }

    /// <summary>Datagrams that are here already were sent for those that <see cref="RunWaiting"/> runs next.</summary>
    private void Receive()
    {
        while (!_socket.ReceiveAsync(_receive))
        {
        }
    }

    /// <summary>Runs some of them. Where there are more, the sockets that are ready come before the rest.</summary>
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
