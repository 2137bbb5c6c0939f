using System.Buffers;

namespace SocketSync;

/// <summary>Reads on a serial line that are asked again after a damaged reply or none (<see cref="LinkOptions.ReadRetries"/>).</summary>
/// <remarks>
/// <para>A try is over when ReplyTimeout is, or when damaged bytes have come and then nothing: neither is worth waiting for. After no
/// reply at all the line must first be silent for as long as a late one may come, as before any other request to that unit; this
/// is the turn's own time. After damage the unit is asked at once.</para>
/// <para>What was damaged need not have been the reply: then there may be one more than is awaited, whose unit and function are those
/// of the next request too. So that request waits for the silence, unless the damaged bytes were a whole reply to all appearance.</para>
/// </remarks>
internal sealed partial class RelayProcessor
{
    /// <summary>More than one frame, its echo and some noise; of more than that nothing is to be learned.</summary>
    private const int MaxHeard = 2 * ModbusFraming.Longest;

    private readonly PooledBuffer _heard = new();
    private Try _try;
    private int _retriesLeft;
    private bool _listens;
    private bool _anotherMayCome;

    private enum Try
    {
        /// <summary>The request was not written yet.</summary>
        First,

        /// <summary>The last try has brought damaged bytes.</summary>
        AtOnce,

        /// <summary>The last try has brought nothing, and its reply may be late.</summary>
        AfterSilence,
    }

    private void BeginTries(ILinkProtocol protocol, in ReadOnlySequence<byte> request, byte? unit)
    {
        _try = Try.First;
        _anotherMayCome = false;
        _retriesLeft = unit is not null && Manager.Link.KeepsLateBytes && protocol.IsRead(request) ? Manager.Options.ReadRetries : 0;
        _listens = _retriesLeft > 0;
    }

    /// <summary>A try has failed.</summary>
    /// <returns>Whether the request is to be written once more; the turn still has the link.</returns>
    private bool MayAskAgain(byte unit, ExchangeResult result, CancellationToken cancellationToken)
    {
        if (_retriesLeft == 0 || cancellationToken.IsCancellationRequested)
            return false;
        _retriesLeft--;
        _try = result == ExchangeResult.NoReply ? Try.AfterSilence : Try.AtOnce;
        _anotherMayCome = _try == Try.AtOnce && (_anotherMayCome || result == ExchangeResult.Damaged);
        Manager.CountRetry(unit, result == ExchangeResult.NoReply ? "no reply within ReplyTimeout" : "the reply was damaged");
        return true;
    }

    /// <summary>Keeps what has come, and waits for a silence: longer than between two frames, and than an adapter's pauses.</summary>
    private void Listen(in ReadOnlySequence<byte> news)
    {
        var room = MaxHeard - _heard.Length;
        foreach (var segment in news.Slice(0, Math.Min(room, news.Length)))
            _heard.Write(segment.Span);
        var gap = Manager.Link.FrameGap;
        var quiet = Manager.Options.ReplyQuietTime;
        _quietDeadline.Set(gap > quiet ? gap : quiet);
    }

    /// <summary>How the try has ended, now that the line is silent; <see langword="null"/>: it has not, the reply is still awaited.</summary>
    private ExchangeResult? WhatWasHeard(ILinkProtocol protocol, in ReadOnlySequence<byte> request)
    {
        var echo = _echo.HasReturned ? Math.Min(_echo.Returned, _heard.Length) : 0;
        return protocol.Hear(request, _heard.Written.Span[echo..]) switch
        {
            HeardReply.DamagedWhole => ExchangeResult.DamagedReply,
            HeardReply.Damaged => ExchangeResult.Damaged,
            _ => null,
        };
    }
}
