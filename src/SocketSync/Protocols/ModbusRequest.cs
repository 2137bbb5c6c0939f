using System.Buffers;
using System.Buffers.Binary;

namespace SocketSync;

/// <summary>What a Modbus request says of its addresses.</summary>
internal enum ModbusAddresses
{
    /// <summary>It reads something that has no address, such as the device's identification.</summary>
    None,

    /// <summary>They are those of <see cref="ModbusRequest.First"/> and, with function 23, of <see cref="ModbusRequest.Second"/>.</summary>
    Known,

    /// <summary>It may reach any: a file's records, a function that the specification leaves open, or a range beyond the last address.</summary>
    Unknown,
}

/// <summary>Addresses of registers, coils or inputs, from the first to the last.</summary>
internal readonly record struct AddressRange(int First, int Last);

/// <summary>
/// Whom a request is for and what it may touch, whatever its framing: "MODBUS Application Protocol Specification V1.1b3", section 6.
/// Nothing in it is trusted: a device that reads more leniently than the specification must not get more than was judged.
/// </summary>
/// <param name="Unit">The unit that the client names.</param>
/// <param name="Function">The function.</param>
/// <param name="IsWhole">
/// Whether the request has the length that its function and its own counts say. On a serial line, devices that count bytes would
/// take what stands behind it for a request of its own, to any unit and with any function.
/// </param>
/// <param name="Addresses">Whether it says what it touches.</param>
/// <param name="First">The addresses.</param>
/// <param name="Second">With function 23 those that are written; otherwise the same as <paramref name="First"/>.</param>
internal readonly record struct ModbusRequest(byte Unit, byte Function, bool IsWhole, ModbusAddresses Addresses, AddressRange First, AddressRange Second)
{
    private const int AddressCount = 65536;

    // 6.18: the count of the queue, and up to 31 registers behind it.
    private const int FifoRegisters = 32;

    /// <param name="framing">The client's framing.</param>
    /// <param name="request">A whole frame.</param>
    public static ModbusRequest Of(ModbusFraming framing, in ReadOnlySequence<byte> request)
    {
        if (request.Length < framing.Shortest) return default; // not whole
        var frame = request.IsSingleSegment ? request.FirstSpan : ModbusPdu.Join(request, stackalloc byte[ModbusFraming.Longest]);
        return Of(framing.Head(frame).Unit, framing.Pdu(frame, stackalloc byte[ModbusPdu.Longest]));
    }

    /// <summary>
    /// Whether the function only reads: 1 to 4, 7, 11, 12, 17, 20, 24 and 43. Function 23 writes too, and so may whatever is not known.
    /// </summary>
    public static bool IsRead(byte function) => ModbusPdu.IsRead(function) || function is 7 or 11 or 12 or 17 or 20 or 24 or 43;

    private static ModbusRequest Of(byte unit, ReadOnlySpan<byte> pdu)
    {
        var function = pdu[0];
        var length = ModbusPdu.RequestLength(pdu);
        if (!(length == pdu.Length || (length == ModbusPdu.Unknown && MayBeOfAnyLength(pdu)))) return NotWhole(unit, function);
        return function switch
        {
            >= 1 and <= 4 => Touching(unit, function, Range(pdu, at: 1, Number(pdu, 3))),
            5 or 6 or 22 => Touching(unit, function, Range(pdu, at: 1, count: 1)),
            15 => Number(pdu, 3) is var coils && pdu[5] == (coils + 7) / 8 ? Touching(unit, function, Range(pdu, at: 1, coils)) : NotWhole(unit, function),
            16 => Number(pdu, 3) is var registers && pdu[5] == 2 * registers ? Touching(unit, function, Range(pdu, at: 1, registers)) : NotWhole(unit, function),
            23 => pdu[9] == 2 * Number(pdu, 7)
                ? Touching(unit, function, Range(pdu, at: 1, Number(pdu, 3)), Range(pdu, at: 5, Number(pdu, 7)))
                : NotWhole(unit, function),
            24 => Touching(unit, function, Range(pdu, at: 1, FifoRegisters)),
            7 or 11 or 12 or 17 or 43 => new(unit, function, IsWhole: true, ModbusAddresses.None, default, default),
            _ => new(unit, function, IsWhole: true, ModbusAddresses.Unknown, default, default),
        };
    }

    // 43 reads with MEI type 14 only, whose length is known: type 13 carries CANopen messages, which may write. 8 returns any data, but
    // few devices expect more than two bytes of it.
    private static bool MayBeOfAnyLength(ReadOnlySpan<byte> pdu) => pdu[0] switch
    {
        8 => pdu.Length == 5,
        43 => false,
        _ => true,
    };

    private static ModbusRequest NotWhole(byte unit, byte function) => new(unit, function, IsWhole: false, ModbusAddresses.Unknown, default, default);

    private static ModbusRequest Touching(byte unit, byte function, AddressRange? range) => Touching(unit, function, range, range);

    private static ModbusRequest Touching(byte unit, byte function, AddressRange? first, AddressRange? second) =>
        first is { } a && second is { } b
            ? new(unit, function, IsWhole: true, ModbusAddresses.Known, a, b)
            : new(unit, function, IsWhole: true, ModbusAddresses.Unknown, default, default);

    // A quantity of 0 means a whole table to some devices, and an address beyond the last begins anew at 0 in others.
    private static AddressRange? Range(ReadOnlySpan<byte> pdu, int at, int count) =>
        Number(pdu, at) is var first && count > 0 && first + count <= AddressCount ? new AddressRange(first, first + count - 1) : null;

    private static int Number(ReadOnlySpan<byte> pdu, int at) => BinaryPrimitives.ReadUInt16BigEndian(pdu[at..]);
}
