using System.Text;

namespace SocketSync.Tests;

/// <summary>What Modbus TCP clients and the units of an RTU bus say to each other, a character for each byte.</summary>
internal static class BusFrames
{
    public static async Task<string> ReadAsync(InMemoryConnection client, int length)
    {
        var result = await client.FromServer.ReadAtLeastAsync(length).AsTask().WaitAsync(TimeSpan.FromSeconds(20));
        var text = Encoding.Latin1.GetString(System.Buffers.BuffersExtensions.ToArray(result.Buffer.Slice(0, Math.Min(length, result.Buffer.Length))));
        client.FromServer.AdvanceTo(result.Buffer.GetPosition(text.Length));
        return text;
    }

    public static string Rtu(byte unit, byte function, byte value) => Framed([unit, function, 0, value, 0, 1]);

    public static string RtuReply(byte unit, byte function, byte value) => Framed([unit, function, 2, 0, value]);

    public static string Framed(byte[] bytes)
    {
        var crc = ModbusCrc.Of(bytes);
        return Encoding.Latin1.GetString([.. bytes, (byte)crc, (byte)(crc >> 8)]);
    }

    public static string Tcp(ushort id, byte unit, byte function, byte value) =>
        Encoding.Latin1.GetString([(byte)(id >> 8), (byte)id, 0, 0, 0, 6, unit, function, 0, value, 0, 1]);

    public static string TcpReply(ushort id, byte unit, byte function, byte value) =>
        Encoding.Latin1.GetString([(byte)(id >> 8), (byte)id, 0, 0, 0, 5, unit, function, 2, 0, value]);

    public static string TcpException(ushort id, byte unit, byte function, byte code) =>
        Encoding.Latin1.GetString([(byte)(id >> 8), (byte)id, 0, 0, 0, 3, unit, (byte)(function | 0x80), code]);
}
