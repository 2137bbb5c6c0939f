using System.Buffers;

namespace SocketSync.Tests;

public class SimulatedModbusTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(247)]
    [InlineData(0)]
    [InlineData(255)]
    public void OnTcpEveryUnitAnswersUnderTheIdThatItWasAsked(byte unit)
    {
        var device = new SimulatedModbus(ModbusTcp.Definition, []);
        var reply = Ask(device, PlainModbus.Tcp(0x1234, unit, 3, 0, 7, 0, 1));
        Assert.Equal(PlainModbus.Tcp(0x1234, unit, 3, 2, 0, 7), reply.Bytes);
        Assert.StartsWith($"unit {unit}: read 1 holding register from 7 [12 34 00 00", reply.Asked, StringComparison.Ordinal);
        Assert.StartsWith("7 [12 34", reply.Told, StringComparison.Ordinal);
    }

    [Fact]
    public void UnitsHaveRegistersOfTheirOwn()
    {
        var device = new SimulatedModbus(ModbusTcp.Definition, []);
        Ask(device, PlainModbus.Tcp(1, 1, 6, 0, 7, 0, 99));
        Assert.Equal(PlainModbus.Tcp(2, 1, 3, 2, 0, 99), Ask(device, PlainModbus.Tcp(2, 1, 3, 0, 7, 0, 1)).Bytes);
        Assert.Equal(PlainModbus.Tcp(3, 2, 3, 2, 0, 7), Ask(device, PlainModbus.Tcp(3, 2, 3, 0, 7, 0, 1)).Bytes);
    }

    /// <summary>Both numbers name the device at the end of the connection.</summary>
    [Fact]
    public void Units0And255AreOne()
    {
        var device = new SimulatedModbus(ModbusTcp.Definition, []);
        Ask(device, PlainModbus.Tcp(1, 0, 6, 0, 7, 0, 99));
        Assert.Equal(PlainModbus.Tcp(2, 255, 3, 2, 0, 99), Ask(device, PlainModbus.Tcp(2, 255, 3, 0, 7, 0, 1)).Bytes);
    }

    [Fact]
    public void AReservedUnitIsMissing() => Assert.Equal(
        PlainModbus.Tcp(1, 248, 0x83, 0x0B), Ask(new SimulatedModbus(ModbusTcp.Definition, []), PlainModbus.Tcp(1, 248, 3, 0, 7, 0, 1)).Bytes);

    [Fact]
    public void OnALineOnlyItsUnitsAnswer()
    {
        var device = new SimulatedModbus(ModbusRtu.Definition, [1, 5]);
        Assert.Equal(PlainModbus.Rtu(5, 3, 2, 0, 7), Ask(device, PlainModbus.Rtu(5, 3, 0, 7, 0, 1)).Bytes);
        Assert.Null(Ask(device, PlainModbus.Rtu(2, 3, 0, 7, 0, 1)).Bytes);
    }

    [Fact]
    public void ABroadcastIsObeyedByAllAndAnsweredByNone()
    {
        var device = new SimulatedModbus(ModbusRtu.Definition, [1, 5]);
        Assert.Null(Ask(device, PlainModbus.Rtu(0, 6, 0, 7, 0, 99)).Bytes);
        Assert.Null(Ask(device, PlainModbus.Rtu(0, 3, 0, 7, 0, 1)).Bytes);
        foreach (byte unit in (byte[])[1, 5])
            Assert.Equal(PlainModbus.Rtu(unit, 3, 2, 0, 99), Ask(device, PlainModbus.Rtu(unit, 3, 0, 7, 0, 1)).Bytes);
    }

    [Theory]
    [InlineData("01 0000 0002", "read 2 coils from 0", "off on")]
    [InlineData("02 0003 0001", "read 1 discrete input from 3", "on")]
    [InlineData("03 0000 000A", "read 10 holding registers from 0", "0 1 2 3 4 5 6 7 …")]
    [InlineData("05 0004 FF00", "write coil 4: on", "done")]
    [InlineData("06 0004 0011", "write holding register 4: 17", "done")]
    [InlineData("0F 0001 0003 01 05", "write 3 coils from 1: on off on", "done")]
    [InlineData("10 0001 0002 04 000A 0102", "write 2 holding registers from 1: 10 258", "done")]
    [InlineData("16 0004 00F2 0025", "mask holding register 4: and 00F2, or 0025", "done")]
    [InlineData("17 0003 0001 000E 0001 02 0005", "write 1 holding register from 14: 5; read 1 holding register from 3", "3")]
    [InlineData("2B 0E 01 00", "tell who you are", "'SocketSync Simulator 1.0'")]
    [InlineData("11", "function 17", "exception 01, illegal function")]
    [InlineData("03 FFFF 0001", "read 1 holding register from 65535", "exception 02, illegal data address")]
    [InlineData("03 FFFF", "function 3, not as long as it must be", "exception 03, illegal data value")]
    public void RequestsAndRepliesAreToldInWords(string request, string asked, string told)
    {
        var reply = Ask(new SimulatedModbus(ModbusTcp.Definition, []), PlainModbus.Tcp(1, 9, PlainModbus.Hex(request)));
        Assert.StartsWith($"unit 9: {asked} [", reply.Asked, StringComparison.Ordinal);
        Assert.StartsWith($"{told} [", reply.Told, StringComparison.Ordinal);
    }

    /// <summary>Whatever a client sends as one frame is answered by one frame, and nothing throws.</summary>
    [Fact]
    public void AnyFrameIsAnswered()
    {
        var random = new Random(7);
        var device = new SimulatedModbus(ModbusTcp.Definition, []);
        for (var i = 0; i < 50_000; i++)
        {
            var pdu = new byte[random.Next(1, 30)];
            random.NextBytes(pdu);
            pdu[0] = (byte)random.Next(0, 48);
            if (random.Next(2) == 0) Array.Clear(pdu, 1, pdu.Length - 1);
            var reply = Ask(device, PlainModbus.Tcp(i, 1, pdu));
            Assert.Equal(FrameStatus.Complete, device.Protocol.FindRequest(new(reply.Bytes!), 0).Status);
            Assert.True(ModbusPdu.Answers(reply.Bytes![7], pdu[0]), $"{Convert.ToHexString(pdu)}: {Convert.ToHexString(reply.Bytes)}");
        }
    }

    private static SimulatedReply Ask(SimulatedModbus device, byte[] request) => device.Answer(new ReadOnlySequence<byte>(request));
}
