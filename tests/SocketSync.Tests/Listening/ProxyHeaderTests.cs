using System.Net;

namespace SocketSync.Tests;

public class ProxyHeaderTests
{
    private static readonly IPEndPoint Four = IPEndPoint.Parse("192.168.0.1:56324");
    private static readonly IPEndPoint FourTo = IPEndPoint.Parse("192.168.0.11:443");
    private static readonly IPEndPoint Six = IPEndPoint.Parse("[2001:db8::1]:56324");
    private static readonly IPEndPoint SixTo = IPEndPoint.Parse("[2001:db8::2]:443");

    [Theory]
    // The specification's own lines.
    [InlineData("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n", "192.168.0.1:56324")]
    [InlineData("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255:65535")]
    [InlineData("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n", "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535")]
    [InlineData("PROXY UNKNOWN\r\n", null)]
    [InlineData("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n", null)]
    // What it allows besides.
    [InlineData("PROXY UNKNOWN anything \n \r at all\r\n", null)]
    [InlineData("PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", "0.0.0.0:0")]
    [InlineData("PROXY TCP6 2001:DB8::a ::1 1 2\r\n", "[2001:db8::a]:1")]
    [InlineData("PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n", "[::ffff:192.0.2.7]:1")]
    public void ALineTellsTheClient(string line, string? client)
    {
        foreach (var more in (string[])["", "G", "GET / HTTP/1.1\r\nHost: 192.168.0.11\r\n\r\n", line, "\r\n"])
            AssertEverySplit(ProxyHeaders.Text(line), ProxyHeaders.Text(more), client);
    }

    [Theory]
    [InlineData("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\n")]
    [InlineData("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\nGET / HTTP/1.1\r\n")]
    [InlineData("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r \n")]
    [InlineData("PROXY TCP4 192.168.0.1 192.168.0.11 56324\r\n")]
    [InlineData("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443 1\r\n")]
    [InlineData("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443 \r\n")]
    [InlineData("PROXY TCP4  192.168.0.1 192.168.0.11 56324 443\r\n")]
    [InlineData("PROXY  TCP4 192.168.0.1 192.168.0.11 56324 443\r\n")]
    [InlineData("PROXY TCP4 192.168.0.1\t192.168.0.11 56324 443\r\n")]
    [InlineData("PROXY TCP4 192.168.00.1 192.168.0.11 56324 443\r\n")]
    [InlineData("PROXY TCP4 192.168.0.010 192.168.0.11 56324 443\r\n")]
    [InlineData("PROXY TCP4 192.168.0.256 192.168.0.11 56324 443\r\n")]
    [InlineData("PROXY TCP4 192.168.1 192.168.0.11 56324 443\r\n")]
    [InlineData("PROXY TCP4 3232235521 192.168.0.11 56324 443\r\n")]
    [InlineData("PROXY TCP4 0xC0.168.0.1 192.168.0.11 56324 443\r\n")]
    [InlineData("PROXY TCP4 192.168.0.1 nobody 56324 443\r\n")]
    [InlineData("PROXY TCP4 2001:db8::1 2001:db8::2 56324 443\r\n")]
    [InlineData("PROXY TCP6 192.168.0.1 192.168.0.11 56324 443\r\n")]
    [InlineData("PROXY TCP6 [2001:db8::1] ::1 56324 443\r\n")]
    [InlineData("PROXY TCP6 fe80::1%1 ::1 56324 443\r\n")]
    [InlineData("PROXY TCP6 2001:db8::1::1 ::1 56324 443\r\n")]
    [InlineData("PROXY TCP6 2001:db8::12345 ::1 56324 443\r\n")]
    [InlineData("PROXY TCP6 1:2:3:4:5:6:7 ::1 56324 443\r\n")]
    [InlineData("PROXY TCP6 1:2:3:4:5:6:7:8:9 ::1 56324 443\r\n")]
    [InlineData("PROXY TCP6 ::ffff:192.0.2.07 ::1 56324 443\r\n")]
    [InlineData("PROXY TCP4 192.168.0.1 192.168.0.11 65536 443\r\n")]
    [InlineData("PROXY TCP4 192.168.0.1 192.168.0.11 56324 0443\r\n")]
    [InlineData("PROXY TCP4 192.168.0.1 192.168.0.11 00 443\r\n")]
    [InlineData("PROXY TCP4 192.168.0.1 192.168.0.11 -1 443\r\n")]
    [InlineData("PROXY TCP4 192.168.0.1 192.168.0.11 +1 443\r\n")]
    [InlineData("PROXY TCP5 192.168.0.1 192.168.0.11 56324 443\r\n")]
    [InlineData("PROXY tcp4 192.168.0.1 192.168.0.11 56324 443\r\n")]
    [InlineData("PROXY UDP4 192.168.0.1 192.168.0.11 56324 443\r\n")]
    [InlineData("PROXY UNKNOWNED\r\n")]
    [InlineData("PROXY \r\n")]
    // One character more than the longest.
    [InlineData("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535 \r\n")]
    public void AnyOtherLineIsMalformed(string line) => AssertRejected(ProxyHeaderStatus.Malformed, ProxyHeaders.Text(line));

    [Theory]
    [InlineData("G")]
    [InlineData("GET / HTTP/1.1\r\n")]
    [InlineData("proxy TCP4 192.168.0.1 192.168.0.11 56324 443\r\n")]
    [InlineData(" PROXY UNKNOWN\r\n")]
    [InlineData("PROXX")]
    [InlineData("PROXY\r\n")]
    [InlineData("\r\n\r\n\0\r\nQUIT\r")]
    [InlineData("\r\n\r\n\n")]
    [InlineData("\0")]
    public void OtherBytesAreToldAtTheFirstThatDiffers(string bytes)
    {
        var all = ProxyHeaders.Text(bytes);
        AssertRejected(ProxyHeaderStatus.Missing, all);
        Assert.Equal(ProxyHeaderStatus.Missing, ProxyHeader.Read([.. all, .. new byte[200]], out _));
    }

    [Fact]
    public void ABinaryHeaderTellsTheClient()
    {
        AssertEverySplit(ProxyHeaders.Binary(Four, FourTo), "\r\n"u8.ToArray(), Four.ToString());
        AssertEverySplit(ProxyHeaders.Binary(Six, SixTo), "PROXY"u8.ToArray(), Six.ToString());
    }

    [Fact]
    public void TlvsAreSkipped()
    {
        byte[] tlvs = [.. ProxyHeaders.Tlv(0x01, "h2"u8.ToArray()), .. ProxyHeaders.Tlv(0x04), .. ProxyHeaders.Tlv(0xEA, new byte[300])];
        AssertEverySplit(ProxyHeaders.Binary(Four, FourTo, tlvs), [1, 2, 3], Four.ToString());
        AssertEverySplit(ProxyHeaders.Binary(Six, SixTo, tlvs), [], Six.ToString());
    }

    [Theory]
    [InlineData(ProxyHeaders.Local, 0x00, 0)]
    [InlineData(ProxyHeaders.Local, 0x00, 7)]
    [InlineData(ProxyHeaders.Local, 0x11, 12)] // What LOCAL says of addresses does not count, wrong or right.
    [InlineData(ProxyHeaders.Local, 0xFF, 5)]
    [InlineData(ProxyHeaders.Proxied, 0x00, 0)]
    [InlineData(ProxyHeaders.Proxied, 0x00, 12)]
    [InlineData(ProxyHeaders.Proxied, 0x01, 3)]
    [InlineData(ProxyHeaders.Proxied, 0x10, 12)]
    [InlineData(ProxyHeaders.Proxied, 0x12, 12)] // UDP over IPv4, and over IPv6.
    [InlineData(ProxyHeaders.Proxied, 0x22, 36)]
    [InlineData(ProxyHeaders.Proxied, 0x31, 216)]
    [InlineData(ProxyHeaders.Proxied, 0x32, 216)]
    public void WithoutAnAddressOfTcpTheConnectionsOwnCounts(byte command, byte family, int length) =>
        AssertEverySplit(ProxyHeaders.Binary(command, family, new byte[length]), "more"u8.ToArray(), client: null);

    [Theory]
    [InlineData(0x22, 0x11, 12)] // No such command, no such version.
    [InlineData(0x2F, 0x11, 12)]
    [InlineData(0x11, 0x11, 12)]
    [InlineData(0x31, 0x11, 12)]
    [InlineData(0x00, 0x00, 0)]
    [InlineData(ProxyHeaders.Proxied, 0x41, 12)] // No such family, no such transport.
    [InlineData(ProxyHeaders.Proxied, 0xF1, 12)]
    [InlineData(ProxyHeaders.Proxied, 0x13, 12)]
    [InlineData(ProxyHeaders.Proxied, 0x03, 0)]
    [InlineData(ProxyHeaders.Proxied, 0x11, 11)] // Too short for its addresses.
    [InlineData(ProxyHeaders.Proxied, 0x11, 0)]
    [InlineData(ProxyHeaders.Proxied, 0x21, 35)]
    [InlineData(ProxyHeaders.Proxied, 0x31, 215)]
    [InlineData(ProxyHeaders.Proxied, 0x11, 13)] // A TLV that is cut short.
    [InlineData(ProxyHeaders.Proxied, 0x11, 14)]
    [InlineData(ProxyHeaders.Proxied, 0x21, 38)]
    public void AnyOtherBinaryHeaderIsMalformed(byte command, byte family, int length) =>
        AssertRejected(ProxyHeaderStatus.Malformed, ProxyHeaders.Binary(command, family, new byte[length]));

    [Fact]
    public void ATlvThatReachesBeyondTheHeaderIsMalformed() =>
        AssertRejected(ProxyHeaderStatus.Malformed, ProxyHeaders.Binary(Four, FourTo, 0x04, 0x00, 0x02, 0x00));

    [Fact]
    public void AChecksumIsVerified()
    {
        Assert.Equal(0xE3069283, ProxyHeaders.Checksum("123456789"u8.ToArray())); // The check value of CRC32c.
        AssertEverySplit(ProxyHeaders.WithChecksum(ProxyHeaders.Binary(Six, SixTo, ProxyHeaders.Tlv(0x02, "host"u8.ToArray()))), [9], Six.ToString());

        var header = ProxyHeaders.WithChecksum(ProxyHeaders.Binary(Four, FourTo));
        AssertEverySplit(header, [9], Four.ToString());
        foreach (var at in Enumerable.Range(16, 12).Concat(Enumerable.Range(header.Length - 4, 4))) // The addresses, and the checksum itself.
        {
            for (var bit = 0; bit < 8; bit++)
            {
                byte[] damaged = [.. header];
                damaged[at] ^= (byte)(1 << bit);
                AssertRejected(ProxyHeaderStatus.Damaged, damaged);
            }
        }

        AssertRejected(ProxyHeaderStatus.Damaged, ProxyHeaders.WithChecksum(header)); // By the second the first is wrong.
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(5)]
    public void AChecksumOfAnotherLengthIsMalformed(int length) =>
        AssertRejected(ProxyHeaderStatus.Malformed, ProxyHeaders.Binary(Four, FourTo, ProxyHeaders.Tlv(0x03, new byte[length])));

    [Fact]
    public void TheLargestHeaderIsTakenAndALargerOneRefusedByItsLengthAlone()
    {
        const int Rest = ProxyHeader.MaxLength - 16 - 12 - 3;
        AssertEverySplit(ProxyHeaders.Binary(Four, FourTo, ProxyHeaders.Tlv(0x04, new byte[Rest])), "x"u8.ToArray(), Four.ToString(), step: 97);
        foreach (var length in (int[])[Rest + 1, 65535 - 12 - 3])
            Assert.Equal(ProxyHeaderStatus.TooLarge, ProxyHeader.Read(ProxyHeaders.Binary(Four, FourTo, ProxyHeaders.Tlv(0x04, new byte[length])).AsSpan(0, 16), out _));
        Assert.Equal(ProxyHeaderStatus.TooLarge, ProxyHeader.Read(ProxyHeaders.Binary(ProxyHeaders.Local, 0, new byte[65535]), out _));
    }

    private static void AssertRejected(ProxyHeaderStatus expected, byte[] bytes)
    {
        Assert.Equal(expected, ProxyHeader.Read(bytes, out var header));
        Assert.Equal(default, header);
    }

    private static void AssertEverySplit(byte[] header, byte[] more, string? client, int step = 1)
    {
        byte[] all = [.. header, .. more];
        for (var length = 0; length < header.Length; length += step)
            Assert.Equal(ProxyHeaderStatus.Incomplete, ProxyHeader.Read(all.AsSpan(0, length), out _));
        for (var cut = 0; cut <= all.Length; cut += step)
        {
            Assert.Equal(ProxyHeaderStatus.Complete, ProxyHeader.Read(Segments.Of(all, cut), out var read));
            Assert.Equal(header.Length, read.Length);
            Assert.Equal(client, read.Source?.ToString());
        }
    }
}
