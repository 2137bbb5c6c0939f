using System.Buffers.Binary;

namespace SocketSync.Benchmarks;

/// <summary>The protocols of <c>load</c>, by name.</summary>
internal static class RequestForms
{
    public const int LeastBytes = 16;
    public const int MostBytes = 65_535;

    public static string[] Names { get; } = ["Line", "Raw", "LengthPrefixed", "FixedLength", "ModbusTcp", "Resp"];

    /// <param name="bytes">A frame's length, its delimiter or length header included; with RESP the payload's.</param>
    public static RequestForm Create(string name, int bytes) => name switch
    {
        "Line" => new PayloadForm([], bytes - 1, [(byte)'\n'], isText: true),
        "Raw" or "FixedLength" => new PayloadForm([], bytes, [], isText: true),
        "LengthPrefixed" => new PayloadForm(LengthHeader(bytes - 2), bytes - 2, [], isText: false),
        "ModbusTcp" => new ModbusTcpForm(),
        "Resp" => new RespForm(bytes),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, null),
    };

    private static byte[] LengthHeader(int length)
    {
        var header = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(header, (ushort)length);
        return header;
    }
}
