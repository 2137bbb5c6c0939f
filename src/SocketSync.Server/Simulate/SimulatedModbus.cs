using System.Buffers;

namespace SocketSync;

/// <summary>
/// A Modbus device of any framing: units with registers and coils of their own. On TCP every unit answers, as a device does that
/// minds its address only; on a serial line only those that it has, and a broadcast reaches all of them.
/// </summary>
/// <param name="language">One of the Modbus languages.</param>
/// <param name="units">The units on a serial line.</param>
internal sealed class SimulatedModbus(ProtocolDefinition language, IReadOnlyList<byte> units) : ISimulatedDevice
{
    // 248 to 254 are reserved ("MODBUS over Serial Line V1.02", 2.2); 0 and 255 are the device itself on TCP ("MODBUS Messaging on
    // TCP/IP Implementation Guide V1.0b", 4.4.2).
    private const byte LastUnit = 247;
    private const byte OfTheDevice = 255;

    private readonly ModbusFraming _framing = language.Modbus ?? throw new ArgumentException($"{language.Name} is not Modbus.", nameof(language));
    private readonly Dictionary<byte, SimulatedUnit> _units = [];

    public IProtocol Protocol { get; } = language.Create(new ProtocolOptions { Name = language.Name });

    public bool FramesEndBySilence => language.FramesEndBySilence;

    public SimulatedReply Answer(in ReadOnlySequence<byte> request)
    {
        var frame = request.ToArray();
        var head = _framing.Head(frame);
        var pdu = _framing.Pdu(frame, stackalloc byte[ModbusPdu.Longest]);
        var asked = $"unit {head.Unit}: {ModbusText.OfRequest(pdu)} {SimulatedReply.Hex(frame)}";
        if (_framing.IsOfSerialLine)
        {
            if (head.Unit == ModbusFraming.Broadcast) return Broadcast(asked, pdu);
            if (!units.Contains(head.Unit)) return SimulatedReply.None(asked, "it is not for this device");
        }

        var reply = head.Unit is > LastUnit and < OfTheDevice
            ? ModbusText.Exception(pdu[0], SimulatedUnit.NoSuchUnit)
            : Unit(head.Unit == ModbusFraming.Broadcast ? OfTheDevice : head.Unit).Execute(pdu);
        var output = new ArrayBufferWriter<byte>();
        _framing.Write(head.Transaction, head.Unit, reply, output);
        return new(asked, $"{ModbusText.OfReply(pdu, reply)} {SimulatedReply.Hex(output.WrittenSpan)}", output.WrittenSpan.ToArray());
    }

    // Reads make no sense to all, and nobody answers.
    private SimulatedReply Broadcast(string asked, ReadOnlySpan<byte> pdu)
    {
        if (!ModbusPdu.IsRead(pdu[0]))
        {
            foreach (var unit in units) Unit(unit).Execute(pdu);
        }

        return SimulatedReply.None(asked, "as to any broadcast");
    }

    private SimulatedUnit Unit(byte unit)
    {
        if (!_units.TryGetValue(unit, out var known)) _units.Add(unit, known = new());
        return known;
    }
}
