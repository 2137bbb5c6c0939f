using System.Net.Sockets;
using System.Security.Authentication;

namespace SocketSync;

/// <summary>What the system says of a link, in the words that an operator knows.</summary>
internal static class LinkWords
{
    public static string Of(Exception exception) => OnOneLine(exception switch
    {
        SocketException e => Of(e),
        AuthenticationException e => $"TLS: {OnOneLine((e.InnerException ?? e).Message)}",
        IOException { InnerException: SocketException e } => Of(e),
        // System.IO.Ports says of every port that it cannot open that access was denied; the cause is within.
        UnauthorizedAccessException { InnerException: { } e } => e.Message,
        _ => exception.Message,
    });

    private static string Of(SocketException exception) => exception.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => "connection refused",
        SocketError.ConnectionReset => "connection reset by the device",
        SocketError.TimedOut => "no answer",
        SocketError.HostUnreachable => "no route to the host",
        SocketError.NetworkUnreachable => "the network cannot be reached",
        SocketError.HostNotFound or SocketError.NoData => "no such host",
        SocketError.TryAgain => "the host's name cannot be looked up at the moment",
        _ => exception.Message,
    };

    private static string OnOneLine(string text)
    {
        var line = text.ReplaceLineEndings(" ").TrimEnd('.', ' ');
        return line is [var first, var second, ..] && char.IsUpper(first) && char.IsLower(second)
            ? char.ToLowerInvariant(first) + line[1..]
            : line;
    }
}
