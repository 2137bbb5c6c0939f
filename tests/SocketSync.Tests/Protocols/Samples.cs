using System.Text;

namespace SocketSync.Tests;

/// <summary>A stream, each character a byte, and what it must come to.</summary>
internal sealed record Sample(ProtocolOptions Options, string Text, string[] Requests, FrameStatus End = FrameStatus.Incomplete)
{
    public byte[] Stream => Encoding.Latin1.GetBytes(Text);

    public string Expected => new Framing([.. Requests.Select(r => (long)r.Length)], End).ToString();
}

internal static class Samples
{
    public static IReadOnlyDictionary<string, Sample> All { get; } = new Dictionary<string, Sample>(StringComparer.Ordinal)
    {
        ["lines"] = new(Line("\\n"), "one\ntwo\n\nthree\r\nrest", ["one\n", "two\n", "\n", "three\r\n"]),
        ["lines of two"] = new(Line("\\r\\n"), "a\rb\n\r\r\n\r\nc\r", ["a\rb\n\r\r\n", "\r\n"]),
        ["a delimiter that overlaps itself"] = new(Line("aab"), "aaab-aabaabaa", ["aaab", "-aab", "aab"]),
        ["a delimiter of one letter"] = new(Line("aaa"), "aaaaaaaa", ["aaa", "aaa"]),
        ["a delimiter beyond ASCII"] = new(Line("é§"), "x\u00c3\u00a9\u00c2\u00a7y", ["x\u00c3\u00a9\u00c2\u00a7"]),
        ["a line as long as may be"] = new(Line("\\r\\n", max: 6), "1234\r\n5\r\n", ["1234\r\n", "5\r\n"]),
        ["a line one byte too long"] = new(Line("\\r\\n", max: 6), "1\r\n12345\r\n", ["1\r\n"], FrameStatus.TooLarge),
        ["a line without end"] = new(Line("\\n", max: 6), "1\n1234567890", ["1\n"], FrameStatus.TooLarge),
        ["one byte of length"] = new(Prefixed(1), "\x03" + "abc\0\x01x\x05ab", ["\x03" + "abc", "\0", "\x01x"]),
        ["two bytes of length"] = new(Prefixed(2), "\0\x03" + "abc\0\0\0\x01x\0", ["\0\x03" + "abc", "\0\0", "\0\x01x"]),
        ["two bytes, little-endian"] = new(Prefixed(2, little: true), "\x03\0abc\0\0\x01\0x\x01", ["\x03\0abc", "\0\0", "\x01\0x"]),
        ["four bytes of length"] = new(Prefixed(4), "\0\0\0\x03" + "abc\0\0\0\0\0\0\x01\0", ["\0\0\0\x03" + "abc", "\0\0\0\0"]),
        ["four bytes, little-endian"] = new(Prefixed(4, little: true), "\x02\0\0\0ab\x01\0\0\0", ["\x02\0\0\0ab"]),
        ["a length with its header"] = new(Prefixed(2, includes: true), "\0\x02\0\x05" + "abc\0\x04z", ["\0\x02", "\0\x05" + "abc"]),
        ["a length less than its header"] = new(Prefixed(2, includes: true), "\0\x03x\0\x01zzz", ["\0\x03x"], FrameStatus.Malformed),
        ["a length as large as may be"] = new(Prefixed(2, max: 6), "\0\x04" + "abcd\0\x01x", ["\0\x04" + "abcd", "\0\x01x"]),
        ["a length one too large"] = new(Prefixed(2, max: 6), "\0\x04" + "abcd\0\x05", ["\0\x04" + "abcd"], FrameStatus.TooLarge),
        ["2 GB announced"] = new(Prefixed(4), "\0\0\0\x01x\x80\0\0\0", ["\0\0\0\x01x"], FrameStatus.TooLarge),
        ["4 GB announced"] = new(Prefixed(4), "\xff\xff\xff\xff", [], FrameStatus.TooLarge),
        ["4 GB with the header"] = new(Prefixed(4, little: true, includes: true), "\xff\xff\xff\xff", [], FrameStatus.TooLarge),
        ["fixed length"] = new(new() { Name = "FixedLength", Length = 3 }, "abc\0\n\0xyz12", ["abc", "\0\n\0", "xyz"]),
        ["fixed length of one"] = new(new() { Name = "FixedLength", Length = 1, MaxRequestBytes = 1 }, "abc", ["a", "b", "c"]),
        ["program messages"] = new(new() { Name = "Scpi" }, "*IDN?;*OPC?\n:A 'x?';B #13a?b\n\nC", ["*IDN?;*OPC?\n", ":A 'x?';B #13a?b\n", "\n"]),
        ["MBAP frames"] = new(Modbus("Tcp"), Hex("00010000 0006 11 03 006B0003  FFFF0000 0002 FF 41  0002000000"), [Hex("00010000 0006 11 03 006B0003"), Hex("FFFF0000 0002 FF 41")]),
        ["an MBAP frame of no function"] = new(Modbus("Tcp"), Hex("00010000 0002 01 07  00020000 0001 01"), [Hex("00010000 0002 01 07")], FrameStatus.Malformed),
        ["an MBAP frame of another protocol"] = new(Modbus("Tcp"), Hex("00010001"), [], FrameStatus.Malformed),
        ["an MBAP frame one too large"] = new(Modbus("Tcp", max: 9), Hex("00010000 0003 01 0707  00010000 0004"), [Hex("00010000 0003 01 0707")], FrameStatus.TooLarge),
        ["an MBAP frame that cannot be"] = new(Modbus("Tcp"), Hex("00010000 00FF 01 07"), [], FrameStatus.Malformed),
        ["RTU frames"] = new(Modbus("Rtu"), Hex("010300000001840A 010300100001 85CF 0107 41E2 0110"), [Hex("010300000001840A"), Hex("01030010000185CF"), Hex("010741E2")]),
        ["an RTU frame of a wrong CRC"] = new(Modbus("Rtu"), Hex("010300000001840A 010300100001 85CE"), [Hex("010300000001840A")], FrameStatus.Malformed),
        ["an RTU frame that counts too many"] = new(Modbus("Rtu"), Hex("0110 00000080 F8"), [], FrameStatus.Malformed),
        ["an RTU frame one too large"] = new(Modbus("Rtu", max: 7), Hex("0107 41E2 0103"), [Hex("010741E2")], FrameStatus.TooLarge),
        ["RTU frames without a length"] = new(Modbus("Rtu"), Rtu(1, "41 01 02 03") + Rtu(1, "08 0000 A537") + Rtu(9, "2B0D"), [Rtu(1, "41 01 02 03"), Rtu(1, "08 0000 A537"), Rtu(9, "2B0D")]),
        ["ASCII frames"] = new(Modbus("Ascii"), ":1103006B00037E\r\n:0107F8\r\n:010\r", [":1103006B00037E\r\n", ":0107F8\r\n"]),
        ["ASCII frames in either case"] = new(Modbus("Ascii"), ":1103006b00037e\r\n:0107F8\r\n:01", [":1103006b00037e\r\n", ":0107F8\r\n"]),
        ["an ASCII frame of a wrong LRC"] = new(Modbus("Ascii"), ":0107F8\r\n:0107F9\r\n", [":0107F8\r\n"], FrameStatus.Malformed),
        ["an ASCII frame of half a byte"] = new(Modbus("Ascii"), ":0107F80\r\n", [], FrameStatus.Malformed),
        ["an ASCII frame without a function"] = new(Modbus("Ascii"), ":01FF\r\n", [], FrameStatus.Malformed),
        ["an ASCII frame that begins anew"] = new(Modbus("Ascii"), ":0107F8\r\n:01:0107F8\r\n", [":0107F8\r\n"], FrameStatus.Malformed),
        ["an ASCII frame without its colon"] = new(Modbus("Ascii"), "0107F8\r\n", [], FrameStatus.Malformed),
        ["an ASCII frame without its CR"] = new(Modbus("Ascii"), ":0107F8\n", [], FrameStatus.Malformed),
        ["an ASCII frame without its LF"] = new(Modbus("Ascii"), ":0107F8\r:", [], FrameStatus.Malformed),
        ["an ASCII frame one too large"] = new(Modbus("Ascii", max: 9), ":0107F8\r\n:010700F8\r\n", [":0107F8\r\n"], FrameStatus.TooLarge),
    };

    private static string Hex(string text) => Encoding.Latin1.GetString(PlainModbus.Hex(text));

    private static string Rtu(int unit, string pdu) => Encoding.Latin1.GetString(PlainModbus.Rtu(unit, PlainModbus.Hex(pdu)));

    private static ProtocolOptions Modbus(string kind, int max = ProtocolOptions.DefaultMaxRequestBytes) =>
        new() { Name = "Modbus" + kind, MaxRequestBytes = max };

    private static ProtocolOptions Line(string delimiter, int max = ProtocolOptions.DefaultMaxRequestBytes) =>
        new() { Name = "Line", Delimiter = delimiter, MaxRequestBytes = max };

    private static ProtocolOptions Prefixed(
        int bytes, bool little = false, bool includes = false, int max = ProtocolOptions.DefaultMaxRequestBytes) =>
        new() { Name = "LengthPrefixed", LengthBytes = bytes, LittleEndian = little, LengthIncludesHeader = includes, MaxRequestBytes = max };
}
