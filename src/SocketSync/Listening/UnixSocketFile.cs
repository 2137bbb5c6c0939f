using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;

namespace SocketSync;

/// <summary>Binds a Unix socket to a path that may hold the file of an earlier run. Disposing the socket removes its file.</summary>
internal static class UnixSocketFile
{
    /// <exception cref="SocketException">The system refuses to bind the socket.</exception>
    public static bool TryBind(
        string path, SocketTransport transport, UnixFileMode? mode, [NotNullWhen(true)] out Socket? socket, [NotNullWhen(false)] out string? problem)
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

        var kind = transport == SocketTransport.Datagram ? SocketType.Dgram : SocketType.Stream;
        problem = WhatStandsInTheWay(path, endPoint, kind) ?? RemoveStale(path);
        if (problem is not null)
            return false;

        socket = new Socket(AddressFamily.Unix, kind, ProtocolType.Unspecified);
        try
        {
            socket.Bind(endPoint);
            // Before the socket listens, so that nobody gets in with other rights.
            if (mode is { } rights && !OperatingSystem.IsWindows())
                File.SetUnixFileMode(path, rights);
            return true;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Checks what is at the path, and changes nothing.</summary>
    /// <returns>Why the path cannot be used; <see langword="null"/> if it can.</returns>
    public static string? WhatStandsInTheWay(string path, SocketTransport transport) =>
        WhatStandsInTheWay(path, new UnixDomainSocketEndPoint(path), transport == SocketTransport.Datagram ? SocketType.Dgram : SocketType.Stream);

    private static string? WhatStandsInTheWay(string path, UnixDomainSocketEndPoint endPoint, SocketType kind)
    {
        if (!Directory.Exists(Path.GetDirectoryName(path)))
            return "its directory does not exist";
        if (!Path.Exists(path))
            return null;
        if (!FileType.IsSocket(path)) // If the type is unknown, nothing is deleted.
            return "exists and is not a socket";
        return IsAlive(endPoint, kind) ? ListenerBinding.InUseWords : null;
    }

    /// <summary>Removes the socket of a server that no longer runs; nothing else is at the path.</summary>
    /// <returns>Why it cannot be removed; <see langword="null"/> if it is gone.</returns>
    private static string? RemoveStale(string path)
    {
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

    private static bool IsAlive(UnixDomainSocketEndPoint endPoint, SocketType kind)
    {
        // Non-blocking: connecting to a server whose backlog is full would block.
        using var probe = new Socket(AddressFamily.Unix, kind, ProtocolType.Unspecified) { Blocking = false };
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
}
