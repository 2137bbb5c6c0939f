using System.Buffers.Binary;

namespace SocketSync;

/// <summary>
/// A unit of Modbus: its memory, and the functions on it, "MODBUS Application Protocol Specification V1.1b3", section 6. What a
/// function may ask for is checked in the order of its state diagrams there: the function, the quantity, the address.
/// </summary>
internal sealed class SimulatedUnit
{
    /// <summary>Each table has the addresses from 0 to one less.</summary>
    public const int Addresses = 10_000;

    /// <summary>Input registers begin to count here, so that they can be told from holding registers.</summary>
    public const int FirstInput = 20_000;

    /// <summary>The exception of a unit that is not there.</summary>
    public const byte NoSuchUnit = 0x0B;

    private const byte Done = 0;
    private const byte IllegalFunction = 1;
    private const byte IllegalAddress = 2;
    private const byte IllegalValue = 3;

    private const byte DeviceIdentification = 14;
    private const byte BasicIdentification = 0x81; // as a stream, and each object alone

    private static readonly string[] Identification = ["SocketSync", "Simulator", "1.0"];

    private readonly ushort[] _holding = [.. Enumerable.Range(0, Addresses).Select(address => (ushort)address)];
    private readonly ushort[] _input = [.. Enumerable.Range(0, Addresses).Select(address => (ushort)(FirstInput + address))];
    private readonly bool[] _coils = [.. Enumerable.Range(0, Addresses).Select(address => address % 2 != 0)];
    private readonly bool[] _discrete = [.. Enumerable.Range(0, Addresses).Select(address => address % 3 == 0)];

    /// <summary>Carries a function out and returns its reply, which may be an exception.</summary>
    public byte[] Execute(ReadOnlySpan<byte> pdu)
    {
        List<byte> reply = [pdu[0]];
        var code = Execute(pdu, reply);
        return code == Done ? [.. reply] : ModbusText.Exception(pdu[0], code);
    }

    private byte Execute(ReadOnlySpan<byte> pdu, List<byte> reply)
    {
        if (pdu[0] is not ((>= 1 and <= 6) or 15 or 16 or 22 or 23 or 43)) return IllegalFunction;
        if (pdu[0] == 43 && (pdu.Length < 2 || pdu[1] != DeviceIdentification)) return IllegalFunction;
        if (ModbusPdu.RequestLength(pdu) != pdu.Length) return IllegalValue;
        return pdu[0] switch
        {
            1 => ReadBits(_coils, pdu, reply),
            2 => ReadBits(_discrete, pdu, reply),
            3 => ReadRegisters(_holding, pdu[1..], reply),
            4 => ReadRegisters(_input, pdu[1..], reply),
            5 => WriteCoil(pdu, reply),
            6 => WriteRegister(pdu, reply),
            15 => WriteCoils(pdu, reply),
            16 => WriteRegisters(pdu, reply),
            22 => MaskRegister(pdu, reply),
            23 => WriteAndRead(pdu, reply),
            _ => Identify(pdu, reply),
        };
    }

    private static byte ReadBits(bool[] table, ReadOnlySpan<byte> pdu, List<byte> reply)
    {
        var (address, quantity) = (Word(pdu, 1), Word(pdu, 3));
        if (Check(address, quantity, most: 2000) is not Done and var code) return code;
        var bytes = new byte[(quantity + 7) / 8];
        for (var i = 0; i < quantity; i++)
        {
            if (table[address + i]) bytes[i / 8] |= (byte)(1 << (i % 8));
        }

        reply.AddRange([(byte)bytes.Length, .. bytes]);
        return Done;
    }

    private static byte ReadRegisters(ushort[] table, ReadOnlySpan<byte> range, List<byte> reply)
    {
        var (address, quantity) = (Word(range, 0), Word(range, 2));
        if (Check(address, quantity, most: 125) is not Done and var code) return code;
        reply.Add((byte)(2 * quantity));
        foreach (var value in table.AsSpan(address, quantity)) reply.AddRange([(byte)(value >> 8), (byte)value]);
        return Done;
    }

    private byte WriteCoil(ReadOnlySpan<byte> pdu, List<byte> reply)
    {
        var (address, value) = (Word(pdu, 1), Word(pdu, 3));
        if (value is not (0 or 0xFF00)) return IllegalValue;
        if (address >= Addresses) return IllegalAddress;
        _coils[address] = value != 0;
        reply.AddRange(pdu[1..]);
        return Done;
    }

    private byte WriteRegister(ReadOnlySpan<byte> pdu, List<byte> reply)
    {
        var address = Word(pdu, 1);
        if (address >= Addresses) return IllegalAddress;
        _holding[address] = Word(pdu, 3);
        reply.AddRange(pdu[1..]);
        return Done;
    }

    private byte WriteCoils(ReadOnlySpan<byte> pdu, List<byte> reply)
    {
        var (address, quantity) = (Word(pdu, 1), Word(pdu, 3));
        if (pdu[5] != (quantity + 7) / 8) return IllegalValue;
        if (Check(address, quantity, most: 1968) is not Done and var code) return code;
        for (var i = 0; i < quantity; i++) _coils[address + i] = (pdu[6 + (i / 8)] & (1 << (i % 8))) != 0;
        reply.AddRange(pdu[1..5]);
        return Done;
    }

    private byte WriteRegisters(ReadOnlySpan<byte> pdu, List<byte> reply)
    {
        if (Store(pdu[1..], most: 123) is not Done and var code) return code;
        reply.AddRange(pdu[1..5]);
        return Done;
    }

    private byte MaskRegister(ReadOnlySpan<byte> pdu, List<byte> reply)
    {
        var address = Word(pdu, 1);
        if (address >= Addresses) return IllegalAddress;
        var (and, or) = (Word(pdu, 3), Word(pdu, 5));
        _holding[address] = (ushort)((_holding[address] & and) | (or & ~and));
        reply.AddRange(pdu[1..]);
        return Done;
    }

    // Both ranges must be right before anything is written; then it writes first and reads what is there by then.
    private byte WriteAndRead(ReadOnlySpan<byte> pdu, List<byte> reply)
    {
        if (Check(Word(pdu, 1), Word(pdu, 3), most: 125) is not Done and var code) return code;
        if (Store(pdu[5..], most: 121) is not Done and var written) return written;
        return ReadRegisters(_holding, pdu[1..5], reply);
    }

    /// <param name="values">Address, quantity, a count of bytes, and the values.</param>
    /// <param name="most">How many there may be.</param>
    private byte Store(ReadOnlySpan<byte> values, int most)
    {
        var (address, quantity) = (Word(values, 0), Word(values, 2));
        if (values[4] != 2 * quantity) return IllegalValue;
        if (Check(address, quantity, most) is not Done and var code) return code;
        for (var i = 0; i < quantity; i++) _holding[address + i] = Word(values, 5 + (2 * i));
        return Done;
    }

    // 6.21. Those who want more than the basic objects get what there is.
    private static byte Identify(ReadOnlySpan<byte> pdu, List<byte> reply)
    {
        const int single = 4;
        var (access, first) = (pdu[2], (int)pdu[3]);
        if (access is < 1 or > single) return IllegalValue;
        if (access == single && first >= Identification.Length) return IllegalAddress;
        if (first >= Identification.Length) first = 0;
        var last = access == single ? first + 1 : Identification.Length;
        reply.AddRange([DeviceIdentification, access, BasicIdentification, 0, 0, (byte)(last - first)]);
        for (var id = first; id < last; id++)
            reply.AddRange([(byte)id, (byte)Identification[id].Length, .. Identification[id].Select(c => (byte)c)]);
        return Done;
    }

    private static byte Check(int address, int quantity, int most)
    {
        if (quantity < 1 || quantity > most) return IllegalValue;
        return address + quantity > Addresses ? IllegalAddress : Done;
    }

    private static ushort Word(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]);
}
