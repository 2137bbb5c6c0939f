using System.Buffers;
using System.Buffers.Binary;
using System.IO.Ports;

namespace SocketSync;

/// <summary>How a serial line is set.</summary>
internal readonly record struct LineSettings(int BaudRate, int DataBits, Parity Parity, StopBits StopBits, Handshake Handshake = Handshake.None);

/// <summary>The telnet option by which a serial line is set over a network (RFC 2217).</summary>
internal static class ComPort
{
    public const byte Option = 44;
    public const byte Signature = 0;
    public const byte SetBaudRate = 1;
    public const byte SetDataSize = 2;
    public const byte SetParity = 3;
    public const byte SetStopSize = 4;
    public const byte SetControl = 5;
    public const byte NotifyModemState = 7;
    public const byte SetLineStateMask = 10;
    public const byte SetModemStateMask = 11;
    public const byte PurgeData = 12;

    /// <summary>Added to a command in the answer of the server, the side that has the line.</summary>
    public const byte FromServer = 100;

    // The enums of System.IO.Ports count parities from 0 in the RFC's order, and stop bits as the RFC does.
    public static byte CodeOf(Parity parity) => (byte)(parity + 1);

    public static byte CodeOf(StopBits stopBits) => (byte)stopBits;

    public static Parity? ParityOf(byte code) => code is >= 1 and <= 5 ? (Parity)(code - 1) : null;

    public static StopBits? StopBitsOf(byte code) => code is >= 1 and <= 3 ? (StopBits)code : null;

    /// <summary>The value of SET-CONTROL for a kind of flow control in both directions.</summary>
    public static byte CodeOf(Handshake handshake) => handshake switch
    {
        Handshake.XOnXOff => 2,
        Handshake.RequestToSend or Handshake.RequestToSendXOnXOff => 3,
        _ => 1,
    };

    public static void Write(IBufferWriter<byte> output, byte command, ReadOnlySpan<byte> value)
    {
        output.Write([TelnetEnd.Iac, TelnetEnd.Sb, Option, command]);
        TelnetEnd.Encode(value, output);
        output.Write([TelnetEnd.Iac, TelnetEnd.Se]);
    }

    public static void WriteBaudRate(IBufferWriter<byte> output, byte command, int baudRate)
    {
        Span<byte> value = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(value, baudRate);
        Write(output, command, value);
    }
}
