using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SocketSync;

/// <summary>
/// Escapes untrusted text for use in a log line: a line feed must not forge a line of the server, and an escape sequence must
/// not control the terminal.
/// </summary>
internal static class LogText
{
    public static string Escape(string text)
    {
        if (!text.Any(IsUnsafe)) return text;
        var escaped = new StringBuilder(text.Length + 16);
        foreach (var c in text)
        {
            _ = c switch
            {
                '\n' => escaped.Append(@"\n"),
                '\r' => escaped.Append(@"\r"),
                '\t' => escaped.Append(@"\t"),
                _ when IsUnsafe(c) => escaped.Append(CultureInfo.InvariantCulture, $@"\u{(int)c:X4}"),
                _ => escaped.Append(c),
            };
        }

        return escaped.ToString();
    }

    private static bool IsUnsafe(char c) => char.GetUnicodeCategory(c) is
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}

/// <summary>The address of a connection without its port, by which logs distinguish peers.</summary>
internal static class RemoteAddress
{
    public const string UnixSocket = "a Unix socket";

    private const string Unknown = "an unknown address";

    /// <summary>Stands for all addresses that are too many to be logged individually.</summary>
    public const string Others = "other addresses";

    /// <returns>An address, or a text instead; equal for the same peer. Allocates only for an IPv4 peer of an IPv6 socket.</returns>
    public static object Of(EndPoint? peer) => peer switch
    {
        IPEndPoint { Address.IsIPv4MappedToIPv6: true } mapped => mapped.Address.MapToIPv4(),
        IPEndPoint ip => ip.Address,
        UnixDomainSocketEndPoint => UnixSocket,
        LocalEndPoint => LocalEndPoint.Name,
        _ => Unknown,
    };
}
