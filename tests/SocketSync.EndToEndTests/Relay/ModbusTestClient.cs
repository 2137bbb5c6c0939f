using System.Buffers.Binary;
using System.Text;

namespace SocketSync.EndToEndTests;

/// <summary>Asks over Modbus TCP; whatever comes back must be its own.</summary>
internal static class ModbusTestClient
{
    public const byte Failed = 0x04;
    public const byte Busy = 0x06;
    public const byte Unavailable = 0x0A;
    public const byte TimedOut = 0x0B;

    public static byte[] Request(ushort transaction, byte function, ushort address) =>
        ModbusTcpDialect.Frame([(byte)(transaction >> 8), (byte)transaction], 1, Pdu(function, address));

    /// <summary>Asks for one register, or writes one; 0 when it was done, else the exception's code.</summary>
    public static async Task<byte> AskAsync(TestClient client, ushort transaction, byte function, ushort address)
    {
        await client.SendAsync(Request(transaction, function, address));
        return await ReadReplyAsync(client, transaction, function, address);
    }

    public static async Task<byte> ReadReplyAsync(TestClient client, ushort transaction, byte function, ushort address)
    {
        var header = await ReadAsync(client, 7);
        var pdu = await ReadAsync(client, BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(4)) - 1);
        var told = $"{Convert.ToHexString(header)} {Convert.ToHexString(pdu)} for {transaction:X4} {function} {address:X4}";
        Assert.True(BinaryPrimitives.ReadUInt16BigEndian(header) == transaction && header[6] == 1, told);
        if (pdu[0] == (function | 0x80))
        {
            Assert.True(pdu.Length == 2 && pdu[1] is Failed or Busy or Unavailable or TimedOut, told);
            return pdu[1];
        }

        byte[] expected = function == 3 ? [3, 2, (byte)(address >> 8), (byte)address] : Pdu(function, address)[..5];
        Assert.True(pdu.AsSpan().SequenceEqual(expected), told);
        return 0;
    }

    public static async Task<byte[]> ReadAsync(TestClient client, int length) => Encoding.Latin1.GetBytes(await client.ReadAsync(length));

    private static byte[] Pdu(byte function, ushort address) => function == 16
        ? [16, (byte)(address >> 8), (byte)address, 0, 1, 2, (byte)(address >> 8), (byte)address]
        : [function, (byte)(address >> 8), (byte)address, 0, 1];
}
