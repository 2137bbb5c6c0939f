using System.Buffers;
using System.Buffers.Binary;

namespace SocketSync.Benchmarks;

/// <summary>
/// How a request and its reply are built: the same bytes but for RESP, so that whatever is answered is checked byte for byte.
/// Each carries its asker's number and a sequence number.
/// </summary>
internal abstract class RequestForm
{
    /// <summary>The number of the connection and of the request, in hexadecimal digits.</summary>
    protected const int IdentityLength = 12;

    protected RequestForm(int requestLength, int replyLength)
    {
        RequestLength = requestLength;
        ReplyLength = replyLength;
    }

    public int RequestLength { get; }

    public int ReplyLength { get; }

    /// <summary>Whether the bytes can be shown as text.</summary>
    public virtual bool IsText => true;

    /// <summary>Whether the reply is the request, byte for byte.</summary>
    public virtual bool IsEcho => true;

    /// <summary>Writes what never changes on a connection.</summary>
    public abstract void Lay(Span<byte> request, Span<byte> reply, int connection);

    /// <summary>Writes what changes with each request.</summary>
    public abstract void Number(Span<byte> request, Span<byte> reply, uint sequence);

    protected static void LayPayload(Span<byte> payload, int connection)
    {
        WriteHex(payload[..4], (uint)connection);
        WriteHex(payload.Slice(4, 8), 0);
        for (var i = IdentityLength; i < payload.Length; i++) payload[i] = (byte)('a' + ((connection + i) % 26));
    }

    protected static void NumberPayload(Span<byte> payload, uint sequence) => WriteHex(payload.Slice(4, 8), sequence);

    private static void WriteHex(Span<byte> digits, uint value)
    {
        for (var i = digits.Length - 1; i >= 0; i--)
        {
            digits[i] = "0123456789ABCDEF"u8[(int)(value & 15)];
            value >>= 4;
        }
    }
}

/// <summary>A payload with something before it and something after it, both fixed.</summary>
internal sealed class PayloadForm(byte[] before, int payload, byte[] after, bool isText)
    : RequestForm(before.Length + payload + after.Length, before.Length + payload + after.Length)
{
    public override bool IsText => isText;

    public override void Lay(Span<byte> request, Span<byte> reply, int connection)
    {
        before.CopyTo(request);
        LayPayload(request.Slice(before.Length, payload), connection);
        after.CopyTo(request[(before.Length + payload)..]);
    }

    public override void Number(Span<byte> request, Span<byte> reply, uint sequence) => NumberPayload(request[before.Length..], sequence);
}

/// <summary>
/// Modbus in any framing, write single register: the one function whose reply is its request, so that it can be checked alike
/// against an echo and against a device. The register's address is the asker's number; transaction id and value are the sequence.
/// </summary>
internal sealed class ModbusForm : RequestForm
{
    private const byte Function = 6;
    private const byte Unit = 1;

    private readonly ModbusFraming _framing;
    private readonly ArrayBufferWriter<byte> _frame = new(ModbusFraming.Longest);

    public ModbusForm(ModbusFraming framing) : base(LengthIn(framing), LengthIn(framing)) => _framing = framing;

    public override bool IsText => false;

    public override void Lay(Span<byte> request, Span<byte> reply, int connection) => Write(request, (ushort)connection, sequence: 0);

    public override void Number(Span<byte> request, Span<byte> reply, uint sequence)
    {
        var pdu = _framing.Pdu(request, stackalloc byte[ModbusPdu.Longest]);
        Write(request, BinaryPrimitives.ReadUInt16BigEndian(pdu[1..]), sequence);
    }

    private static int LengthIn(ModbusFraming framing)
    {
        var frame = new ArrayBufferWriter<byte>();
        framing.Write(transaction: 0, Unit, [Function, 0, 0, 0, 0], frame);
        return frame.WrittenCount;
    }

    private void Write(Span<byte> request, ushort asker, uint sequence)
    {
        Span<byte> pdu = [Function, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt16BigEndian(pdu[1..], asker);
        // Where there is no transaction id, the value alone counts.
        BinaryPrimitives.WriteUInt16BigEndian(pdu[3..], (ushort)(_framing.IsOfSerialLine ? sequence : sequence >> 16));
        _frame.ResetWrittenCount();
        _framing.Write((ushort)sequence, Unit, pdu, _frame);
        _frame.WrittenSpan.CopyTo(request);
    }
}

/// <summary>The ECHO command of Redis; the payload comes back as a bulk string.</summary>
internal sealed class RespForm : RequestForm
{
    private readonly byte[] _command;
    private readonly byte[] _bulk;
    private readonly int _payload;

    public RespForm(int payload)
        : this(System.Text.Encoding.ASCII.GetBytes($"*2\r\n$4\r\nECHO\r\n${payload}\r\n"), System.Text.Encoding.ASCII.GetBytes($"${payload}\r\n"), payload)
    {
    }

    private RespForm(byte[] command, byte[] bulk, int payload)
        : base(command.Length + payload + 2, bulk.Length + payload + 2)
    {
        (_command, _bulk, _payload) = (command, bulk, payload);
    }

    public override bool IsEcho => false;

    public override void Lay(Span<byte> request, Span<byte> reply, int connection)
    {
        Lay(request, _command, connection);
        Lay(reply, _bulk, connection);
    }

    public override void Number(Span<byte> request, Span<byte> reply, uint sequence)
    {
        NumberPayload(request[_command.Length..], sequence);
        NumberPayload(reply[_bulk.Length..], sequence);
    }

    private void Lay(Span<byte> frame, byte[] before, int connection)
    {
        before.CopyTo(frame);
        LayPayload(frame.Slice(before.Length, _payload), connection);
        "\r\n"u8.CopyTo(frame[(before.Length + _payload)..]);
    }
}
