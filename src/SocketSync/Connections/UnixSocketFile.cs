using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace SocketSync;

/// <summary>Binds a Unix socket to a path, where a file of an earlier run may still lie. The socket removes its file when disposed.</summary>
internal static class UnixSocketFile
{
    private const ushort TypeMask = 0xF000;
    private const ushort TypeSocket = 0xC000;

    /// <exception cref="SocketException">The system refuses.</exception>
    public static bool TryBind(string path, [NotNullWhen(true)] out Socket? socket, [NotNullWhen(false)] out string? problem)
    {
        socket = null;
        UnixDomainSocketEndPoint endPoint;
        try
        {
            endPoint = new UnixDomainSocketEndPoint(path);
        }
        catch (ArgumentOutOfRangeException)
        {
            problem = "is too long for a Unix socket (at most 108 bytes on Linux)";
            return false;
        }
        catch (PlatformNotSupportedException)
        {
            problem = "this system has no Unix sockets";
            return false;
        }

        problem = WhatStandsInTheWay(path, endPoint);
        if (problem is not null)
            return false;

        socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Bind(endPoint);
            return true;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Removes the socket of a server that is gone, and nothing else.</summary>
    private static string? WhatStandsInTheWay(string path, UnixDomainSocketEndPoint endPoint)
    {
        if (!Directory.Exists(Path.GetDirectoryName(path)))
            return "its directory does not exist";
        if (!Path.Exists(path))
            return null;
        if (!IsSocket(path))
            return "exists and is not a socket";
        if (IsAlive(endPoint))
            return "is already in use";

        try
        {
            File.Delete(path);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "is left over from an earlier run and cannot be removed";
        }
    }

    private static bool IsAlive(UnixDomainSocketEndPoint endPoint)
    {
        // Non-blocking: the connect to a server whose backlog is full would wait.
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
        try
        {
            probe.Connect(endPoint);
            return true;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode != SocketError.ConnectionRefused;
        }
    }

    /// <summary>
    /// .NET does not tell a socket from another file, and <c>connect</c> refuses both alike. Where the type is not known,
    /// nothing is deleted.
    /// </summary>
    private static bool IsSocket(string path)
    {
        if (!OperatingSystem.IsLinux())
            return false;

        const int ModeOffset = 28;
        var result = new byte[256];
        return Statx(directory: -100, path, flags: 0x100 /* AT_SYMLINK_NOFOLLOW */, mask: 1 /* STATX_TYPE */, result) == 0
            && (BitConverter.ToUInt16(result, ModeOffset) & TypeMask) == TypeSocket;
    }

    // statx, since its structure is the same on every architecture.
    [DllImport("libc", EntryPoint = "statx")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Statx(
        int directory, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, [Out] byte[] result);
}
