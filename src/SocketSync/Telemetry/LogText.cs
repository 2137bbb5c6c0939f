using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SocketSync;

/// <summary>
/// Text that may come from anywhere, made safe to stand in a line: a line feed in it must not begin a line that looks like
/// the server's own, nor an escape steer the terminal.
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

/// <summary>Where a connection comes from, without its port: what logs tell one peer from another by.</summary>
internal static class RemoteAddress
{
    public const string UnixSocket = "a Unix socket";

    private const string Unknown = "an unknown address";

    /// <summary>What stands for all those that are too many to be told apart.</summary>
    public const string Others = "other addresses";

    /// <returns>An address, or words in its place; equal for one peer. Allocates only for an IPv4 peer of an IPv6 socket.</returns>
    public static object Of(EndPoint? peer) => peer switch
    {
        IPEndPoint { Address.IsIPv4MappedToIPv6: true } mapped => mapped.Address.MapToIPv4(),
        IPEndPoint ip => ip.Address,
        UnixDomainSocketEndPoint => UnixSocket,
        _ => Unknown,
    };
}
