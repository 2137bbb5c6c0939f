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

    /// <summary>Where it begins: so many waits must have been short before it is tried, and again after it has failed.</summary>
    private const int Distrust = -20;

    /// <summary>How many successes one failure undoes.</summary>
    private const int Penalty = 2;

    /// <summary>How many of what came last is compared with what comes.</summary>
    private const int Few = 4;

    /// <summary>How many in a row may talk that are none of the last few: the clients of one device, in between its replies.</summary>
    private const int MostStrangers = 2;

    /// <summary>In moments: a sleep includes the waking, here and where the other side slept too.</summary>
    private const int ShortSleep = 3;

    private readonly long[] _recent = new long[Few];
    private uint _next;
    private int _strangers;
    private int _trust = Distrust;

    /// <summary>How long to look again at most, in ticks of <see cref="Stopwatch"/>: 50 µs.</summary>
    public static long MaxLook { get; } = Stopwatch.Frequency / 20_000;

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
        _trust -= Penalty;
        if (_trust <= 0)
            _trust = Distrust;
    }

    /// <summary>The thread has slept until something came.</summary>
    /// <param name="ticks">How long, in ticks of <see cref="Stopwatch"/>.</param>
    public void Slept(long ticks)
    {
        if (_trust > 0)
            return;
        if (ticks < ShortSleep * MaxLook)
            _trust++;
        else if (_trust > Distrust)
            _trust--;
    }
}
