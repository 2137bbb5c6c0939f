using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace SocketSync.EndToEndTests;

/// <summary>What floods a server, on threads of its own and of the lowest priority: who shares the machine with it is not what is tested.</summary>
internal static class Abuser
{
    private const int LowestPriority = 19;

    /// <summary>Runs them until the token is cancelled; each then has to return, and may throw what its sockets throw.</summary>
    public static Task RunAsync(IEnumerable<Action<CancellationToken>> abuse, CancellationToken end) =>
        Task.WhenAll([.. abuse.Select(one => Start(one, end))]);

    /// <summary>A connected socket that is closed at the end, which ends whatever blocks on it.</summary>
    public static Socket Connect(int port, CancellationToken end)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(IPAddress.Loopback, port);
        CloseAtEnd(socket, end);
        return socket;
    }

    public static void CloseAtEnd(Socket socket, CancellationToken end) => end.Register(() =>
    {
        // Wakes up a blocked call, which closing alone need not do.
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // It is over already.
        }
    });

    /// <summary>Takes whatever comes, until the other side or the end closes it.</summary>
    public static void Drain(Socket socket)
    {
        var bytes = new byte[65536];
        while (socket.Receive(bytes) > 0)
        {
            // On to the next.
        }
    }

    /// <summary>The same, beside what the caller does.</summary>
    public static void Sink(Socket socket) => new Thread(() =>
    {
        try
        {
            _ = SetPriority(which: 0, who: 0, LowestPriority);
            Drain(socket);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // It is over.
        }
    }) { IsBackground = true, Name = "sink" }.Start();

    /// <summary>Ends a connection with a reset.</summary>
    public static void Reset(Socket socket)
    {
        socket.LingerState = new(enable: true, seconds: 0);
        socket.Dispose();
    }

    private static Task Start(Action<CancellationToken> abuse, CancellationToken end)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(Run) { IsBackground = true, Name = "abuser" }.Start();
        return done.Task;

        void Run()
        {
            try
            {
                _ = SetPriority(which: 0, who: 0, LowestPriority); // Of this thread alone, in Linux.
                abuse(end);
                done.SetResult();
            }
            catch (Exception error) when (end.IsCancellationRequested && error is SocketException or IOException or ObjectDisposedException or OperationCanceledException)
            {
                done.SetResult();
            }
            catch (Exception error)
            {
                done.SetException(error);
            }
        }
    }

    [DllImport("libc", EntryPoint = "setpriority")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetPriority(int which, int who, int priority);
}
