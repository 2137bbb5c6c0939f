using System.Buffers;
using System.IO.Pipelines;

namespace SocketSync;

/// <summary>
/// One end of a telnet connection (RFC 854): takes the commands out of the bytes that come, and answers what the other end asks of
/// it. What it has to say gathers in <see cref="Replies"/>, in proportion to what has come.
/// </summary>
/// <remarks>
/// Options are agreed on as RFC 1143 advises: an answer to a request of ours is not answered, and neither is what is in force already,
/// so that two ends never answer each other for ever.
/// </remarks>
internal abstract class TelnetEnd
{
    public const byte Iac = 255;
    public const byte Sb = 250;
    public const byte Se = 240;
    public const byte Break = 243;
    public const byte Binary = 0; // RFC 856
    public const byte Echo = 1; // RFC 857
    public const byte SuppressGoAhead = 3; // RFC 858
    private const byte Will = 251;
    private const byte Wont = 252;
    private const byte Do = 253;
    private const byte Dont = 254;

    /// <summary>More than any subnegotiation has that is understood here; a longer one is ignored.</summary>
    private const int MaxSubnegotiation = 64;

    private readonly Side[] _ours = new Side[256];
    private readonly Side[] _theirs = new Side[256];
    private readonly byte[] _subnegotiation = new byte[MaxSubnegotiation];
    private int _subnegotiationLength;
    private Place _place;
    private byte _verb;
    private bool _isAfterReturn;

    private enum Side : byte
    {
        Off,
        Asked,
        On,
    }

    private enum Place
    {
        Data,
        Command,
        Option,
        Subnegotiation,
        SubnegotiationCommand,
    }

    /// <summary>What is to be sent to the other end, as it is.</summary>
    public PooledBuffer Replies { get; } = new();

    /// <summary>Writes data so that no byte of it is taken for a command.</summary>
    public static void Encode(ReadOnlySpan<byte> data, IBufferWriter<byte> output)
    {
        while (data.IndexOf(Iac) is >= 0 and var at)
        {
            output.Write(data[..(at + 1)]);
            output.Write([Iac]);
            data = data[(at + 1)..];
        }

        output.Write(data);
    }

    /// <summary>Asks the other end to let this one have an option.</summary>
    public void OfferWill(byte option) => Ask(_ours, Will, option);

    /// <summary>Asks the other end to have an option.</summary>
    public void AskDo(byte option) => Ask(_theirs, Do, option);

    /// <summary>Writes the data among what has come to <paramref name="data"/>.</summary>
    public void Decode(ReadOnlySpan<byte> received, IBufferWriter<byte> data)
    {
        while (!received.IsEmpty)
        {
            if (_place == Place.Data && !_isAfterReturn && PlainLength(received) is > 0 and var plain)
            {
                data.Write(received[..plain]);
                _isAfterReturn = received[plain - 1] == '\r';
                received = received[plain..];
                continue;
            }

            Take(received[0], data);
            received = received[1..];
        }
    }

    /// <summary>Whether this end may have an option that the other end wants it to have, or the other end one that it offers.</summary>
    protected abstract bool Accepts(byte option, bool isOurs);

    /// <summary>The other end has agreed to, or refused, what this end has asked for.</summary>
    protected virtual void OnAnswer(byte option, bool isOurs, bool isOn)
    {
    }

    /// <param name="bytes">The option and what is said of it, without escapes.</param>
    protected abstract void OnSubnegotiation(ReadOnlySpan<byte> bytes);

    /// <summary>A command other than those for options.</summary>
    protected virtual void OnCommand(byte command)
    {
    }

    /// <summary>How many bytes there are up to the first command, or with the first carriage return.</summary>
    private static int PlainLength(ReadOnlySpan<byte> bytes) => bytes.IndexOfAny(Iac, (byte)'\r') switch
    {
        < 0 => bytes.Length,
        var at => bytes[at] == Iac ? at : at + 1,
    };

    private void Take(byte next, IBufferWriter<byte> data)
    {
        switch (_place)
        {
            case Place.Data when next == Iac:
                _place = Place.Command;
                break;
            case Place.Data:
                // Where binary is not agreed on, a bare CR is sent as CR NUL (RFC 854, page 11).
                if (!(_isAfterReturn && next == 0 && _theirs[Binary] != Side.On))
                    data.Write([next]);
                _isAfterReturn = next == '\r';
                break;
            case Place.Command when next == Iac:
                data.Write([Iac]);
                (_place, _isAfterReturn) = (Place.Data, false);
                break;
            case Place.Command when next is >= Will and <= Dont:
                (_place, _verb) = (Place.Option, next);
                break;
            case Place.Command when next == Sb:
                (_place, _subnegotiationLength) = (Place.Subnegotiation, 0);
                break;
            case Place.Command:
                _place = Place.Data;
                OnCommand(next);
                break;
            case Place.Option:
                _place = Place.Data;
                Negotiate(_verb, next);
                break;
            case Place.Subnegotiation when next == Iac:
                _place = Place.SubnegotiationCommand;
                break;
            case Place.SubnegotiationCommand when next == Se:
                _place = Place.Data;
                if (_subnegotiationLength is > 0 and <= MaxSubnegotiation)
                    OnSubnegotiation(_subnegotiation.AsSpan(0, _subnegotiationLength));
                break;
            default:
                _place = Place.Subnegotiation;
                if (_subnegotiationLength < MaxSubnegotiation)
                    _subnegotiation[_subnegotiationLength] = next;
                _subnegotiationLength = Math.Min(_subnegotiationLength + 1, MaxSubnegotiation + 1);
                break;
        }
    }

    private void Ask(Side[] sides, byte verb, byte option)
    {
        sides[option] = Side.Asked;
        Replies.Write([Iac, verb, option]);
    }

    private void Negotiate(byte verb, byte option)
    {
        var isOurs = verb is Do or Dont;
        var isOn = verb is Will or Do;
        ref var side = ref (isOurs ? _ours : _theirs)[option];
        if (side == Side.Asked)
        {
            side = isOn ? Side.On : Side.Off;
            OnAnswer(option, isOurs, isOn);
        }
        else if (isOn && side == Side.Off)
        {
            var accepts = Accepts(option, isOurs);
            side = accepts ? Side.On : Side.Off;
            Replies.Write([Iac, isOurs ? (accepts ? Will : Wont) : accepts ? Do : Dont, option]);
        }
        else if (!isOn && side == Side.On)
        {
            side = Side.Off;
            Replies.Write([Iac, isOurs ? Wont : Dont, option]);
        }
    }
}
