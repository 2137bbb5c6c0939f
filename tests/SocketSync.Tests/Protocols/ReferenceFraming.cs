namespace SocketSync.Tests;

/// <summary>Says where requests end in the plainest way there is, byte by byte over the whole stream, to compare with.</summary>
internal static class ReferenceFraming
{
    public static Framing Of(ProtocolOptions options, byte[] stream)
    {
        var lengths = new List<long>();
        var rest = stream;
        while (true)
        {
            var (status, length) = options.Name switch
            {
                "Line" or "Scpi" => Line(options, rest),
                "LengthPrefixed" => LengthPrefixed(options, rest),
                "FixedLength" => FixedLength(options, rest),
                "ModbusTcp" => PlainModbus.TcpRequest(options.MaxRequestBytes, rest),
                "ModbusRtu" => PlainModbus.RtuRequest(options.MaxRequestBytes, rest),
                "ModbusAscii" => PlainModbus.AsciiRequest(options.MaxRequestBytes, rest),
                _ => throw new ArgumentException($"No reference for {options.Name}.", nameof(options)),
            };
            if (status != FrameStatus.Complete) return new Framing(lengths, status);
            lengths.Add(length);
            rest = rest[length..];
        }
    }

    private static (FrameStatus Status, int Length) Line(ProtocolOptions options, byte[] rest)
    {
        Assert.True(Delimiter.TryParse(options.Delimiter ?? "\n", out var delimiter));
        for (var length = 1; length <= rest.Length && length <= options.MaxRequestBytes; length++)
        {
            var ends = length >= delimiter.Length;
            for (var i = 0; ends && i < delimiter.Length; i++) ends = rest[length - delimiter.Length + i] == delimiter[i];
            if (ends) return (FrameStatus.Complete, length);
        }

        return (rest.Length >= options.MaxRequestBytes ? FrameStatus.TooLarge : FrameStatus.Incomplete, 0);
    }

    private static (FrameStatus Status, int Length) LengthPrefixed(ProtocolOptions options, byte[] rest)
    {
        var header = options.LengthBytes ?? 2;
        if (rest.Length < header) return (FrameStatus.Incomplete, 0);

        decimal total = 0;
        for (var i = 0; i < header; i++) total = (total * 256) + rest[options.LittleEndian == true ? header - 1 - i : i];
        if (options.LengthIncludesHeader != true) total += header;

        if (total < header) return (FrameStatus.Malformed, 0);
        if (total > options.MaxRequestBytes) return (FrameStatus.TooLarge, 0);
        return total > rest.Length ? (FrameStatus.Incomplete, 0) : (FrameStatus.Complete, (int)total);
    }

    private static (FrameStatus Status, int Length) FixedLength(ProtocolOptions options, byte[] rest) =>
        rest.Length < options.Length ? (FrameStatus.Incomplete, 0) : (FrameStatus.Complete, options.Length!.Value);
}
