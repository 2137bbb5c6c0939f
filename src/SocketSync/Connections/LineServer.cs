using System.Buffers.Binary;
using System.IO.Ports;

namespace SocketSync;

/// <summary>
/// The telnet end that faces a client which may set the serial line (RFC 2217). What it asks for holds in its own turns: before them it
/// is remembered, and confirmed; in them it is done at once, and what the line then has is told. At the end of a turn the line is as
/// it was configured.
/// </summary>
internal sealed class LineServer : TelnetEnd
{
    /// <summary>How long a break lasts that telnet's own command asks for, which has no end of its own.</summary>
    private static readonly TimeSpan BreakTime = TimeSpan.FromMilliseconds(250);

    private readonly LineSettings _configured;
    private readonly TimeProvider _time;
    private readonly Lock _sync = new();
    private LineSettings _wanted;
    private bool? _terminalReady;
    private bool? _requestToSend;
    private SerialTerminal? _line;
    private (bool TerminalReady, bool RequestToSend) _signalsBefore;

    /// <param name="configured">How the line is set without a client's wishes.</param>
    /// <param name="time">Measures a break.</param>
    public LineServer(LineSettings configured, TimeProvider time)
    {
        _configured = _wanted = configured;
        _time = time;
    }

    /// <summary>
    /// Offers what terminals want: that this end echoes, as the device does, and that they send each key and all eight bits of it
    /// (RFC 857, 858, 856); and asks whether they set the line.
    /// </summary>
    public void WriteHello()
    {
        OfferWill(Echo);
        OfferWill(SuppressGoAhead);
        AskDo(SuppressGoAhead);
        OfferWill(Binary);
        AskDo(Binary);
        AskDo(ComPort.Option);
    }

    /// <summary>The client's turn has the line.</summary>
    public void BeginTurn(SerialTerminal line)
    {
        lock (_sync)
        {
            if (_line == line)
                return;
            _line = line;
            _signalsBefore = (line.IsTerminalReady, line.IsRequestingToSend);
            if (_wanted != _configured)
                _wanted = line.Set(_wanted);
            if (_terminalReady is { } ready)
                line.IsTerminalReady = ready;
            if (_requestToSend is { } request)
                line.IsRequestingToSend = request;
        }
    }

    /// <summary>The turn is over: the next one finds the line as it is configured.</summary>
    public void EndTurn()
    {
        lock (_sync)
        {
            if (_line is not { } line)
                return;
            _line = null;
            line.IsBroken = false;
            line.Set(_configured);
            if (line.IsTerminalReady != _signalsBefore.TerminalReady)
                line.IsTerminalReady = _signalsBefore.TerminalReady;
            if (line.IsRequestingToSend != _signalsBefore.RequestToSend)
                line.IsRequestingToSend = _signalsBefore.RequestToSend;
        }
    }

    protected override bool Accepts(byte option, bool isOurs) => option is Binary or SuppressGoAhead or ComPort.Option || (option == Echo && isOurs);

    protected override void OnCommand(byte command)
    {
        if (command == Break)
            SendBreakAsync().Observe();
    }

    protected override void OnSubnegotiation(ReadOnlySpan<byte> bytes)
    {
        if (bytes is not [ComPort.Option, var command, .. var value])
            return;
        lock (_sync)
        {
            switch (command)
            {
                case ComPort.Signature when value.IsEmpty:
                    Answer(command, "SocketSync"u8);
                    break;
                case ComPort.SetBaudRate when value.Length == sizeof(int):
                    if (BinaryPrimitives.ReadInt32BigEndian(value) is > 0 and var rate) // 0 asks
                        Want(_wanted with { BaudRate = rate });
                    ComPort.WriteBaudRate(Replies, ComPort.SetBaudRate + ComPort.FromServer, _wanted.BaudRate);
                    break;
                case ComPort.PurgeData when value is [>= 1 and <= 3 and var what]:
                    if (what != 2) // all but the bytes to be sent, of which the line has none when it is asked
                        _line?.DiscardInput();
                    Answer(command, value);
                    break;
                case ComPort.NotifyModemState:
                    Answer(command, [_line?.ModemState ?? 0]);
                    break;
                case ComPort.SetLineStateMask or ComPort.SetModemStateMask when value.Length == 1:
                    Answer(command, value);
                    break;
                case ComPort.SetDataSize or ComPort.SetParity or ComPort.SetStopSize or ComPort.SetControl when value.Length == 1:
                    Answer(command, [Set(command, value[0])]);
                    break;
            }
        }
    }

    /// <returns>What holds now.</returns>
    private byte Set(byte command, byte value)
    {
        switch (command)
        {
            case ComPort.SetDataSize:
                if (value is >= 5 and <= 8)
                    Want(_wanted with { DataBits = value });
                return (byte)_wanted.DataBits;
            case ComPort.SetParity:
                if (ComPort.ParityOf(value) is { } parity)
                    Want(_wanted with { Parity = parity });
                return ComPort.CodeOf(_wanted.Parity);
            case ComPort.SetStopSize:
                if (ComPort.StopBitsOf(value) is { } stopBits)
                    Want(_wanted with { StopBits = stopBits });
                return ComPort.CodeOf(_wanted.StopBits);
            default:
                return Control(value);
        }
    }

    /// <summary>The values of SET-CONTROL: each group has one that asks, and then those that set (RFC 2217, section 3).</summary>
    private byte Control(byte value)
    {
        switch (value)
        {
            case 1 or 2 or 3:
                Want(_wanted with { Handshake = value switch { 2 => Handshake.XOnXOff, 3 => Handshake.RequestToSend, _ => Handshake.None } });
                return ComPort.CodeOf(_wanted.Handshake);
            case 4 or 5 or 6:
                if (value != 4 && _line is { } line)
                    line.IsBroken = value == 5;
                return (byte)(_line is { IsBroken: true } ? 5 : 6);
            case 7 or 8 or 9:
                return Signal(value, query: 7, ref _terminalReady, static line => line.IsTerminalReady, static (line, on) => line.IsTerminalReady = on);
            case 10 or 11 or 12:
                return Signal(value, query: 10, ref _requestToSend, static line => line.IsRequestingToSend, static (line, on) => line.IsRequestingToSend = on);
            case >= 13 and <= 16:
                return (byte)(ComPort.CodeOf(_wanted.Handshake) + 13); // inbound as outbound: a line has one flow control here
            default:
                return ComPort.CodeOf(_wanted.Handshake);
        }
    }

    /// <summary>A signal that is on unless the client wants it otherwise; where the line has none, the wish is confirmed all the same.</summary>
    private byte Signal(byte value, byte query, ref bool? wanted, Func<SerialTerminal, bool> get, Action<SerialTerminal, bool> set)
    {
        if (value != query)
        {
            wanted = value == query + 1;
            if (_line is { } line)
                set(line, wanted.Value);
        }

        return (byte)((wanted ?? (_line is null || get(_line))) ? query + 1 : query + 2);
    }

    private void Want(LineSettings wanted) => _wanted = _line is { } line ? line.Set(wanted) : wanted;

    private void Answer(byte command, ReadOnlySpan<byte> value) => ComPort.Write(Replies, (byte)(command + ComPort.FromServer), value);

    private async Task SendBreakAsync()
    {
        if (!SetBreak(true))
            return;
        await Task.Delay(BreakTime, _time);
        SetBreak(false);
    }

    private bool SetBreak(bool isOn)
    {
        lock (_sync)
        {
            if (_line is not { } line)
                return false;
            line.IsBroken = isOn;
            return true;
        }
    }
}
