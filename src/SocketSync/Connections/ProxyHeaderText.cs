using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SocketSync;

/// <summary>Version 1 of the PROXY protocol (section 2.1 of its specification): one line of text.</summary>
internal static class ProxyHeaderText
{
    /// <summary>The longest line that the specification knows, its end included.</summary>
    public const int MaxLength = 107;

    private static readonly SearchValues<char> HexDigitsAndMarks = SearchValues.Create("0123456789abcdefABCDEF:.");

    public static ReadOnlySpan<byte> Signature => "PROXY "u8;

    private static ReadOnlySpan<byte> End => "\r\n"u8;

    public static ProxyHeaderStatus Read(ReadOnlySpan<byte> bytes, out ProxyHeader header)
    {
        header = default;
        if (!ProxyHeader.BeginsAs(bytes, Signature))
            return ProxyHeaderStatus.Missing;

        var length = bytes[..Math.Min(bytes.Length, MaxLength)].IndexOf(End);
        if (length < 0)
            return bytes.Length < MaxLength && !IsBroken(bytes) ? ProxyHeaderStatus.Incomplete : ProxyHeaderStatus.Malformed;
        if (!TryRead(Encoding.ASCII.GetString(bytes[Signature.Length..length]), out var source))
            return ProxyHeaderStatus.Malformed;

        header = new(length + End.Length, source);
        return ProxyHeaderStatus.Complete;
    }

    // A line that ends in a bare LF is told from one that is still coming, so that its sender is closed at once. Of what
    // follows UNKNOWN nothing matters.
    private static bool IsBroken(ReadOnlySpan<byte> bytes) => bytes.StartsWith("PROXY TCP"u8) && bytes.Contains((byte)'\n');

    private static bool TryRead(string line, out IPEndPoint? source)
    {
        source = null;
        var fields = line.Split(' ');
        if (fields[0] == "UNKNOWN")
            return true;
        if (fields is not [("TCP4" or "TCP6") and var family, var from, var to, var fromPort, var toPort])
            return false;

        var isFour = family == "TCP4";
        if (!TryReadAddress(from, isFour, out var address) || !TryReadAddress(to, isFour, out _)
            || !TryReadPort(fromPort, out var port) || !TryReadPort(toPort, out _))
            return false;

        source = new IPEndPoint(address, port);
        return true;
    }

    private static bool TryReadAddress(string text, bool isFour, out IPAddress address) =>
        isFour ? TryReadFour(text, out address) : TryReadSix(text, out address);

    // IPAddress also reads "1", octal and hexadecimal numbers; only the one canonical form comes out again as it went in.
    private static bool TryReadFour(string text, out IPAddress address) =>
        IPAddress.TryParse(text, out address!)
        && address.AddressFamily == AddressFamily.InterNetwork
        && string.Equals(address.ToString(), text, StringComparison.Ordinal);

    // IPAddress also reads brackets, ports and scopes. Dots are right: inet_ntop, by which proxies write, ends a mapped
    // address in an IPv4 one.
    private static bool TryReadSix(string text, out IPAddress address)
    {
        address = IPAddress.IPv6None;
        return !text.AsSpan().ContainsAnyExcept(HexDigitsAndMarks)
            && (!text.Contains('.', StringComparison.Ordinal) || TryReadFour(text[(text.LastIndexOf(':') + 1)..], out _))
            && IPAddress.TryParse(text, out address!)
            && address.AddressFamily == AddressFamily.InterNetworkV6;
    }

    private static bool TryReadPort(string text, out ushort port) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && (text.Length == 1 || text[0] != '0');
}
