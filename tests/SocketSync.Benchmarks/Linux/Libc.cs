using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace SocketSync.Benchmarks;

/// <summary>
/// The system calls the load client and the device are made of. .NET's own sockets try each read once more than is needed and
/// wait on a thread of their own: a client beside its server on two cores must cost less than that.
/// </summary>
internal static partial class Libc
{
    public const int Interrupted = 4;
    public const int TryAgain = 11;
    public const int InProgress = 115;

    public const int StreamNonBlockingCloseOnExec = 1 | 0x800 | 0x80000;
    public const int CloseOnExec = 0x80000;
    public const int NoSignal = 0x4000;
    public const int SocketLevel = 1;
    public const int SocketError = 4;
    public const int TcpLevel = 6;
    public const int TcpNoDelay = 1;
    public const int MonotonicClock = 1;

    public const int Terminate = 15;

    public const uint Readable = 1;
    public const uint Writable = 4;
    public const int Add = 1;
    public const int Modify = 3;

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    public static partial int Socket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "connect", SetLastError = true)]
    public static partial int Connect(int socket, ref byte address, int length);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    public static partial nint Receive(int socket, ref byte buffer, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    public static partial nint Send(int socket, ref byte buffer, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(int file, ref long value, nint length);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int file);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    public static partial int SetOption(int socket, int level, int name, ref int value, int length);

    [LibraryImport("libc", EntryPoint = "getsockopt", SetLastError = true)]
    public static partial int GetOption(int socket, int level, int name, ref int value, ref int length);

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    public static partial int CreateEpoll(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    public static partial int ControlEpoll(int epoll, int operation, int file, ref int firstEvent);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    public static partial int WaitEpoll(int epoll, ref int firstEvent, int count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "timerfd_create", SetLastError = true)]
    public static partial int CreateTimer(int clock, int flags);

    [LibraryImport("libc", EntryPoint = "timerfd_settime", SetLastError = true)]
    public static partial int SetTimer(int timer, int flags, ref TimerSetting setting, nint old);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int process, int signal);

    /// <summary><c>struct itimerspec</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct TimerSetting
    {
        public nint IntervalSeconds;
        public nint IntervalNanoseconds;
        public nint Seconds;
        public nint Nanoseconds;
    }

    /// <summary>Linux's own number of an address family.</summary>
    public static int Family(AddressFamily family) => family switch
    {
        AddressFamily.Unix => 1,
        AddressFamily.InterNetworkV6 => 10,
        _ => 2,
    };

    /// <summary>An error in words, for a message.</summary>
    public static string Error(int number) => $"{Marshal.GetPInvokeErrorMessage(number)} (errno {number})";
}
