using System.Buffers.Binary;
using System.Text;

namespace SocketSync;

/// <summary>Functions of Modbus in words.</summary>
internal static class ModbusText
{
    // So many values are shown of a request or a reply.
    private const int MostOfValues = 8;

    /// <summary>An exception, which is told by <see cref="OfReply"/>.</summary>
    public static byte[] Exception(byte function, byte code) => [(byte)(function | ModbusPdu.ExceptionFlag), code];

    public static string OfRequest(ReadOnlySpan<byte> pdu)
    {
        if (ModbusPdu.RequestLength(pdu) is not ModbusPdu.Unknown and var length && length != pdu.Length) return $"function {pdu[0]}, not as long as it must be";
        return pdu[0] switch
        {
            >= 1 and <= 4 => $"read {Count(pdu, 3, Table(pdu[0]))} from {Word(pdu, 1)}",
            5 => $"write coil {Word(pdu, 1)}: {Coil(Word(pdu, 3))}",
            6 => $"write holding register {Word(pdu, 1)}: {Word(pdu, 3)}",
            15 => $"write {Count(pdu, 3, Table(1))} from {Word(pdu, 1)}: {Bits(pdu[6..], Word(pdu, 3))}",
            16 => $"write {Count(pdu, 3, Table(3))} from {Word(pdu, 1)}: {Registers(pdu[6..])}",
            22 => $"mask holding register {Word(pdu, 1)}: and {Word(pdu, 3):X4}, or {Word(pdu, 5):X4}",
            23 => $"write {Count(pdu, 7, Table(3))} from {Word(pdu, 5)}: {Registers(pdu[10..])}; read {Count(pdu, 3, Table(3))} from {Word(pdu, 1)}",
            43 when pdu is [_, 14, ..] => "tell who you are",
            _ => $"function {pdu[0]}",
        };
    }

    /// <param name="request">A request.</param>
    /// <param name="reply">Its reply.</param>
    public static string OfReply(ReadOnlySpan<byte> request, ReadOnlySpan<byte> reply) => reply[0] switch
    {
        >= ModbusPdu.ExceptionFlag => $"exception {reply[1]:X2}, {Problem(reply[1])}",
        1 or 2 => Bits(reply[2..], Word(request, 3)),
        3 or 4 or 23 => Registers(reply[2..]),
        43 => SimulatedReply.Quote(Identification(reply[7..])),
        _ => "done",
    };

    private static string Problem(byte code) => code switch
    {
        1 => "illegal function",
        2 => "illegal data address",
        3 => "illegal data value",
        SimulatedUnit.NoSuchUnit => "no such unit",
        _ => "another problem",
    };

    private static string Table(byte function) => function switch
    {
        1 => "coil",
        2 => "discrete input",
        3 => "holding register",
        _ => "input register",
    };

    private static string Count(ReadOnlySpan<byte> pdu, int at, string what) => Word(pdu, at) is 1 ? $"1 {what}" : $"{Word(pdu, at)} {what}s";

    private static string Coil(ushort value) => value switch
    {
        0xFF00 => "on",
        0 => "off",
        _ => $"{value:X4}",
    };

    private static string Registers(ReadOnlySpan<byte> bytes)
    {
        var values = new List<string>();
        for (; bytes.Length >= 2; bytes = bytes[2..]) values.Add($"{Word(bytes, 0)}");
        return Some(values);
    }

    private static string Bits(ReadOnlySpan<byte> bytes, int quantity)
    {
        var values = new List<string>();
        for (var i = 0; i < Math.Min(quantity, 8 * bytes.Length); i++) values.Add((bytes[i / 8] & (1 << (i % 8))) != 0 ? "on" : "off");
        return Some(values);
    }

    private static string Some(List<string> values) =>
        values.Count <= MostOfValues ? string.Join(' ', values) : $"{string.Join(' ', values.Take(MostOfValues))} …";

    private static string Identification(ReadOnlySpan<byte> objects)
    {
        var names = new List<string>();
        for (; objects.Length >= 2; objects = objects[(2 + objects[1])..]) names.Add(Encoding.ASCII.GetString(objects.Slice(2, objects[1])));
        return string.Join(' ', names);
    }

    private static ushort Word(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]);
}
