namespace SocketSync;

/// <summary>
/// A timeout for one waiting party, with a callback on expiry. Setting and clearing it usually costs no timer operation, see
/// <see cref="CoalescingTimer"/>.
/// </summary>
/// <remarks>
/// The callback can race with the end of the wait: <see cref="Passed"/> is then false again and the late callback is meaningless,
/// so the callback must do no more than wake the waiting party.
/// </remarks>
internal sealed class Deadline : IDisposable
{
    private const long Never = long.MaxValue;

    private readonly Lock _sync = new();
    private readonly TimeProvider _time;
    private readonly Action _passed;
    private readonly CoalescingTimer _timer;
    private long _due = Never;
    private bool _isSet; // read and written by the waiting party alone

    public Deadline(TimeProvider time, Action passed)
    {
        _time = time;
        _passed = passed;
        _timer = new CoalescingTimer(time, OnTimer);
    }

    /// <summary>Whether the deadline set last has expired.</summary>
    public bool Passed { get; private set; }

    public void Set(TimeSpan after)
    {
        _isSet = true;
        lock (_sync)
        {
            Passed = false;
            _due = _time.GetTimestamp() + _time.ToTimestampTicks(after);
            _timer.NotLaterThan(_due);
        }
    }

    public void Clear()
    {
        if (!_isSet)
            return;
        _isSet = false;
        lock (_sync)
        {
            Passed = false;
            _due = Never;
        }
    }

    public void Dispose() => _timer.Dispose();

    private void OnTimer()
    {
        lock (_sync)
        {
            _timer.Fired();
            if (_due == Never)
                return;
            if (_time.GetTimestamp() < _due)
            {
                _timer.NotLaterThan(_due);
                return;
            }

            _due = Never;
            Passed = true;
        }

        _passed();
    }
}
