using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;

namespace SocketSync;

/// <summary>Binds a Unix socket to a path that may hold the file of an earlier run. Disposing the socket removes its file.</summary>
internal static class UnixSocketFile
{
    /// <exception cref="SocketException">The system refuses to bind the socket.</exception>
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

    /// <summary>Checks what is at the path, and removes the socket of a server that no longer runs, but nothing else.</summary>
    /// <returns>Why the path cannot be used; <see langword="null"/> if it can.</returns>
    private static string? WhatStandsInTheWay(string path, UnixDomainSocketEndPoint endPoint)
    {
        if (!Directory.Exists(Path.GetDirectoryName(path)))
            return "its directory does not exist";
        if (!Path.Exists(path))
            return null;
        if (!FileType.IsSocket(path)) // If the type is unknown, nothing is deleted.
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
        // Non-blocking: connecting to a server whose backlog is full would block.
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
}
