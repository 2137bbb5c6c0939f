using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace SocketSync;

/// <summary>
/// The system calls of a connection that an <see cref="EventLoop"/> serves. Those of <see cref="Socket"/> would make the runtime watch
/// the socket as well, and wake its own thread for whatever comes. The numbers are those of Linux on x86-64 and arm64.
/// </summary>
internal static partial class SocketCalls
{
    public const int TryAgain = 11;
    public const int Interrupted = 4;
    public const int InProgress = 115;

    private const int NoSignal = 0x4000; // MSG_NOSIGNAL: an error in place of SIGPIPE

    /// <summary>The error of the call before, on this thread: to be read right after it.</summary>
    public static int LastError => Marshal.GetLastSystemError();

    /// <returns>How much was received, 0 at the end of the stream; negative: see <see cref="LastError"/>.</returns>
    public static int Receive(int socket, Span<byte> buffer) => (int)Receive(socket, ref MemoryMarshal.GetReference(buffer), buffer.Length, 0);

    /// <returns>How much was taken; negative: see <see cref="LastError"/>.</returns>
    public static int Send(int socket, ReadOnlySpan<byte> bytes) => (int)Send(socket, ref MemoryMarshal.GetReference(bytes), bytes.Length, NoSignal);

    /// <returns>0, or negative: see <see cref="LastError"/>.</returns>
    public static int Connect(int socket, SocketAddress address) => Connect(socket, ref MemoryMarshal.GetReference(address.Buffer.Span), address.Size);

    /// <summary>The error as .NET's sockets would tell it.</summary>
    public static SocketException Exception(int error) => error switch
    {
        13 => new((int)SocketError.AccessDenied),
        32 or 104 => new((int)SocketError.ConnectionReset),
        97 => new((int)SocketError.AddressFamilyNotSupported),
        99 => new((int)SocketError.AddressNotAvailable),
        100 => new((int)SocketError.NetworkDown),
        101 => new((int)SocketError.NetworkUnreachable),
        110 => new((int)SocketError.TimedOut),
        111 => new((int)SocketError.ConnectionRefused),
        112 => new((int)SocketError.HostDown),
        113 => new((int)SocketError.HostUnreachable),
        _ => new((int)SocketError.SocketError, Marshal.GetPInvokeErrorMessage(error)),
    };

    [LibraryImport("libc", EntryPoint = "recv")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint Receive(int socket, ref byte buffer, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "send")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint Send(int socket, ref byte bytes, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "connect")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Connect(int socket, ref byte address, int length);
}
