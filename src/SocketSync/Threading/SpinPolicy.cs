using System.Diagnostics;

namespace SocketSync;

/// <summary>
/// Decides whether a thread that has nothing to do looks again for a moment before it sleeps. Where few sockets talk and each waits for
/// the other, most of a request's time is the waking of processors that have gone to sleep: tens of microseconds in a virtual machine.
/// </summary>
/// <remarks>
/// It pays only if the next thing comes within that moment, and else takes the processor from others; so it is done for as long as it
/// mostly succeeds, and then tried again only when several waits in a row would have been short. Where many sockets talk it does harm:
/// sleeping lets their news gather, and one look at many is cheaper than many looks at one.
/// </remarks>
internal sealed class SpinPolicy
{
    private const int MostTrust = 8;
    private const int Distrust = -20;
    private const int Failure = 2;

    private const int Few = 4;

    /// <summary>How many in a row may talk that are none of the last few: the clients of one device, in between its replies.</summary>
    private const int MostStrangers = 2;

    private const int ShortSleep = 3;

    private readonly long[] _recent = new long[Few];
    private uint _next;
    private int _strangers;
    private int _trust = Distrust;

    /// <summary>How long to look again at most, in ticks of <see cref="Stopwatch"/>: 50 µs.</summary>
    public static long Moment { get; } = Stopwatch.Frequency / 20_000;

    /// <summary>Whether to look again before the next wait.</summary>
    public bool IsWorthwhile => _trust > 0 && _strangers <= MostStrangers;

    /// <summary>A socket is ready.</summary>
    public void Heard(long key)
    {
        _strangers = Array.IndexOf(_recent, key) >= 0 ? 0 : _strangers + 1;
        _recent[_next++ % Few] = key;
    }

    /// <summary>Something has come while the thread was looking.</summary>
    public void Succeeded()
    {
        if (_trust < MostTrust)
            _trust++;
    }

    /// <summary>Nothing has come within the moment.</summary>
    public void Failed()
    {
        _trust -= Failure;
        if (_trust <= 0)
            _trust = Distrust;
    }

    /// <summary>The thread has slept until something came.</summary>
    /// <param name="ticks">How long. The waking is part of it, here and where the other side slept too, so that a short one may be some moments.</param>
    public void Slept(long ticks)
    {
        if (_trust > 0)
            return;
        if (ticks < ShortSleep * Moment)
            _trust++;
        else if (_trust > Distrust)
            _trust--;
    }
}
