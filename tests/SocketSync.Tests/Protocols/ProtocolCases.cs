namespace SocketSync.Tests;

/// <summary>A stream, how it is divided, and for which protocol.</summary>
internal sealed record ProtocolCase(ProtocolOptions Options, byte[] Stream, int[] Cuts)
{
    public override string ToString() =>
        $"{Options.Name}, at most {Options.MaxRequestBytes}, delimiter {Options.Delimiter}, header {Options.LengthBytes}"
        + $" little {Options.LittleEndian} included {Options.LengthIncludesHeader}, length {Options.Length}:"
        + $" {Convert.ToHexString(Stream)} cut at {string.Join(',', Cuts)}";
}

/// <summary>Protocols and frames that are likely to meet at their edges: few different bytes, small limits.</summary>
internal static class ProtocolCases
{
    public static readonly string[] Delimiters = ["\\n", "\\r\\n", "a", "aa", "ab", "aab", "abab", "\\0\\0", "\\r\\n\\r\\n", "<END>"];

    private const string Alphabet = "aaaabbb\r\n\0\u0001\u0002\u0003\u0004\u00ff<END>:";

    /// <summary>Options of any protocol that divides a stream by its bytes, which is every one of the catalogue but Raw.</summary>
    public static ProtocolOptions Options(Random random) => Options(random, Names[random.Next(Names.Length)]);

    public static string[] Names { get; } = [.. ProtocolCatalog.Names.Where(name => name != "Raw")];

    public static ProtocolOptions Options(Random random, string name) => name switch
    {
        "Line" or "Scpi" => new() { Name = name, Delimiter = Delimiters[random.Next(Delimiters.Length)], MaxRequestBytes = Max(random, 8) },
        "LengthPrefixed" => new()
        {
            Name = name,
            LengthBytes = 1 << random.Next(3),
            LittleEndian = random.Next(2) == 0,
            LengthIncludesHeader = random.Next(2) == 0,
            MaxRequestBytes = Max(random, 4),
        },
        "FixedLength" => new() { Name = name, Length = random.Next(1, 9), MaxRequestBytes = Max(random, 9) },
        "ModbusTcp" or "ModbusRtu" or "ModbusAscii" => new() { Name = name, MaxRequestBytes = Max(random, ProtocolCatalog.Find(name)!.Modbus!.Shortest) },
        _ => throw new ArgumentException($"{name} has no cases.", nameof(name)),
    };

    public static byte[] Bytes(Random random, int count)
    {
        var bytes = new byte[count];
        for (var i = 0; i < count; i++) bytes[i] = random.Next(8) == 0 ? (byte)random.Next(256) : (byte)Alphabet[random.Next(Alphabet.Length)];
        return bytes;
    }

    /// <summary>A request that is whole and allowed, of a payload that is not: one that is cut to fit.</summary>
    public static byte[] Frame(Random random, ProtocolOptions options)
    {
        switch (options.Name)
        {
            case "Line":
            case "Scpi":
                Assert.True(Delimiter.TryParse(options.Delimiter!, out var delimiter));
                var line = Bytes(random, random.Next(Math.Min(40, options.MaxRequestBytes - delimiter.Length + 1)));
                // Nothing of the delimiter within the line, so that the line has no end but its own.
                for (var i = 0; i < line.Length; i++) if (delimiter.Contains(line[i])) line[i] = (byte)'x';
                return [.. line, .. delimiter];
            case "LengthPrefixed":
                var header = options.LengthBytes!.Value;
                var payload = Bytes(random, random.Next(Math.Min(40, options.MaxRequestBytes - header + 1)));
                return [.. Header(payload.Length + (options.LengthIncludesHeader!.Value ? header : 0), header, options.LittleEndian!.Value), .. payload];
            case "ModbusTcp":
                return PlainModbus.Tcp(random.Next(4), random.Next(4), Bytes(random, random.Next(1, Math.Min(40, options.MaxRequestBytes - 6))));
            case "ModbusRtu":
                return PlainModbus.Rtu(random.Next(4), ModbusRequest(random, options.MaxRequestBytes - 3));
            case "ModbusAscii":
                return PlainModbus.Ascii(random.Next(4), Bytes(random, random.Next(1, Math.Min(40, ((options.MaxRequestBytes - 3) / 2) - 1))));
            case "FixedLength":
                return Bytes(random, options.Length!.Value);
            default:
                throw new ArgumentException($"{options.Name} has no frames.", nameof(options));
        }
    }

    /// <summary>A function and its data, at most so long, which is at least 1.</summary>
    public static byte[] ModbusRequest(Random random, int max)
    {
        string[] fitting = [.. ModbusFrames.Examples.Select(e => e.Request).Where(r => PlainModbus.Hex(r).Length <= max)];
        return PlainModbus.Hex(fitting[random.Next(fitting.Length)]);
    }

    public static int[] Cuts(Random random, int length)
    {
        var cuts = new int[random.Next(4) == 0 ? length : random.Next(Math.Min(length, 12) + 1)];
        for (var i = 0; i < cuts.Length; i++) cuts[i] = random.Next(length + 1);
        Array.Sort(cuts);
        return cuts;
    }

    private static int Max(Random random, int least) =>
        random.Next(4) == 0 ? ProtocolOptions.DefaultMaxRequestBytes : random.Next(least, 64);

    private static byte[] Header(int length, int bytes, bool littleEndian)
    {
        var header = new byte[bytes];
        for (var i = 0; i < bytes; i++) header[littleEndian ? i : bytes - 1 - i] = (byte)(length >> (8 * i));
        return header;
    }
}
