using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;

namespace SocketSync;

/// <summary>Binds a Unix socket to a path, where a file of an earlier run may still lie. The socket removes its file when disposed.</summary>
internal static class UnixSocketFile
{
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
        if (!FileType.IsSocket(path)) // Where the type is not known, nothing is deleted.
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
}
