using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace SocketSync;

/// <summary>
/// The thread that moves bytes, where continuations run on it: a way onto it, and on it a way to the end of its line.
/// </summary>
/// <remarks>
/// A client that answers faster than the thread asks its socket again would otherwise be served for as long as it likes
/// while others wait: the runtime reads on without looking at the other sockets for as long as there is something to read.
/// The way is a datagram socket connected to itself: what is sent to it comes up among the ready sockets in its order.
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "It lives as long as the process.")]
internal sealed class IoThread
{
    /// <summary>A thousand clients that come at once, or give way at once, are not to run in one go.</summary>
    private const int MostInARow = 8;

    private static readonly Lazy<IoThread?> Shared = new(TryCreate);

    private readonly Socket _socket;
    private readonly SocketAsyncEventArgs _receive = new(true);
    private readonly Lock _sync = new();
    private readonly Queue<Action> _waiting = [];
    private bool _isCalled;

    private IoThread(Socket socket)
    {
        _socket = socket;
        _receive.SetBuffer(new byte[16]);
        _receive.Completed += (_, _) => Run();
        Receive();
    }

    /// <summary>Whether the runtime goes on with a completed read on the thread that has seen it.</summary>
    public static bool IsInline { get; } = Environment.GetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS") == "1";

    /// <summary>Goes on at the end of the thread's line; at once where there is no such thread.</summary>
    public static Yielding Yield() => default;

    private static IoThread? TryCreate()
    {
        // The runtime's sockets work this way on Unix; abstract addresses, which leave no file behind, are Linux's.
        if (!IsInline || !OperatingSystem.IsLinux())
            return null;

        Socket? socket = null;
        try
        {
            socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            var self = new UnixDomainSocketEndPoint($"\0SocketSync.{Guid.NewGuid():N}");
            socket.Bind(self);
            socket.Connect(self); // nobody else's datagrams are taken then
            return new IoThread(socket);
        }
        catch (SocketException)
        {
            socket?.Dispose();
            return null; // it is fair without this, only less so
        }
    }

    private void Post(Action continuation)
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

    private void Run()
    {
        // Waits for the next datagram before it runs what may send one: that one then has to stand in line.
        Receive();
        RunWaiting();
    }

    /// <summary>What is here already was sent for those whom <see cref="RunWaiting"/> runs next.</summary>
    private void Receive()
    {
        while (!_socket.ReceiveAsync(_receive))
        {
        }
    }

    /// <summary>Some of them; where there are more, the sockets that are ready come before the rest.</summary>
    private void RunWaiting()
    {
        for (var i = 0; i < MostInARow; i++)
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

    /// <summary>Goes on at the end of the line: of this thread where it moves bytes, of the thread pool where it is one of its threads.</summary>
    internal readonly struct GivingWay : ICriticalNotifyCompletion
    {
        public GivingWay GetAwaiter() => this;

        public bool IsCompleted => false;

        public void GetResult()
        {
        }

        public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

        public void UnsafeOnCompleted(Action continuation)
        {
            if (!Thread.CurrentThread.IsThreadPoolThread && Shared.Value is { } thread)
                thread.Post(continuation);
            else
                Queued.Add(continuation);
        }
    }

    /// <summary>A continuation in the pool's line. Each thread keeps one for its next use, so that giving way allocates nothing.</summary>
    private sealed class Queued : IThreadPoolWorkItem
    {
        [ThreadStatic]
        private static Queued? s_spare;

        private Action? _continuation;

        public static void Add(Action continuation)
        {
            var item = s_spare ?? new();
            s_spare = null;
            item._continuation = continuation;
            ThreadPool.UnsafeQueueUserWorkItem(item, preferLocal: false);
        }

        void IThreadPoolWorkItem.Execute()
        {
            var continuation = _continuation!;
            _continuation = null;
            s_spare = this;
            continuation();
        }
    }

    internal readonly struct Yielding : ICriticalNotifyCompletion
    {
        public Yielding GetAwaiter() => this;

        public bool IsCompleted => Shared.Value is null;

        public void GetResult()
        {
        }

        public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

        public void UnsafeOnCompleted(Action continuation) => Shared.Value!.Post(continuation);
    }
}
