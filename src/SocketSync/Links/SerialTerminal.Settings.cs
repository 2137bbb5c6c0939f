using System.IO.Ports;

namespace SocketSync;

/// <summary>How the line is set while it is open: by a client of telnet, for its own turn (RFC 2217).</summary>
internal sealed partial class SerialTerminal
{
    private bool _isDirected;

    /// <summary>How the line is set now.</summary>
    public LineSettings Settings => new(_port.BaudRate, _port.DataBits, _port.Parity, _port.StopBits, _port.Handshake);

    /// <summary>DTR, which many devices take for somebody being there; <see langword="false"/> where the line has none.</summary>
    public bool IsTerminalReady
    {
        get => Ask(() => _port.DtrEnable);
        set => Attempt(() => _port.DtrEnable = value);
    }

    /// <summary>RTS. Where the driver uses it itself, for flow control or the direction of an RS-485 line, it is left alone.</summary>
    public bool IsRequestingToSend
    {
        get => !IsRtsUsed && Ask(() => _port.RtsEnable);
        set => Attempt(() =>
        {
            if (!IsRtsUsed) _port.RtsEnable = value;
        });
    }

    /// <summary>Whether the line is held in the state of a break.</summary>
    public bool IsBroken
    {
        get => Ask(() => _port.BreakState);
        set => Attempt(() => _port.BreakState = value);
    }

    /// <summary>CTS, DSR and CD as the byte of NOTIFY-MODEMSTATE (RFC 2217, section 3); 0 where the line has none.</summary>
    public byte ModemState
    {
        get
        {
            var state = 0;
            Attempt(() => state = (_port.CtsHolding ? 16 : 0) | (_port.DsrHolding ? 32 : 0) | (_port.CDHolding ? 128 : 0));
            return (byte)state;
        }
    }

    private bool IsRtsUsed => _isDirected || _port.Handshake is Handshake.RequestToSend or Handshake.RequestToSendXOnXOff;

    /// <summary>Sets what differs. What the driver refuses stays as it is.</summary>
    /// <returns>How the line is set now.</returns>
    public LineSettings Set(LineSettings wanted)
    {
        var now = Settings;
        if (wanted.BaudRate != now.BaudRate) Attempt(() => _port.BaudRate = wanted.BaudRate);
        if (wanted.DataBits != now.DataBits) Attempt(() => _port.DataBits = wanted.DataBits);
        if (wanted.Parity != now.Parity) Attempt(() => _port.Parity = wanted.Parity);
        if (wanted.StopBits != now.StopBits) Attempt(() => _port.StopBits = wanted.StopBits);
        if (wanted.Handshake != now.Handshake && !_isDirected) Attempt(() => _port.Handshake = wanted.Handshake);
        return Settings;
    }

    /// <summary>Throws away what has come and was not read.</summary>
    public void DiscardInput() => Attempt(_port.DiscardInBuffer);

    private bool Ask(Func<bool> state)
    {
        var isOn = false;
        return Attempt(() => isOn = state()) && isOn;
    }

    /// <returns><see langword="false"/> if the driver cannot do it, or the line is closed.</returns>
    private bool Attempt(Action change)
    {
        lock (_writing)
        {
            if (_stopped) return false;
            try
            {
                change();
                return true;
            }
            catch (Exception e) when (e is IOException or InvalidOperationException or ArgumentException or UnauthorizedAccessException)
            {
                return false; // a virtual line has no signals, and not every adapter every speed
            }
        }
    }
}
