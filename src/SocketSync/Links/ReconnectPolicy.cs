namespace SocketSync;

/// <summary>
/// How long to wait before the next attempt to open a link, and when losing a link counts as a failure to open it. The pause
/// grows only with failures: a request at which the device hangs up costs that request alone.
/// </summary>
/// <remarks>Not thread-safe; the manager calls it under its lock.</remarks>
internal sealed class ReconnectPolicy(TimeProvider time)
{
    /// <summary>A link that is lost sooner, before any request was written to it, was short-lived.</summary>
    public static readonly TimeSpan ShortLife = TimeSpan.FromSeconds(1);

    /// <summary>After this many losses in a row, the next link is suspected to be lost as well.</summary>
    public const int MaxLosses = 3;

    private int _shortLivedLinks;
    private int _linksLostUnserved;
    private long _openedAt;
    private bool _wasAsked;
    private bool _hasServed;
    private TimeSpan? _nextPause;

    /// <summary>
    /// Whether opening the link counts as failed although it succeeds, since the link is always lost right away: the program
    /// behind it ends at once, for instance.
    /// </summary>
    public bool CountsAsFailure => _shortLivedLinks >= MaxLosses;

    /// <summary>
    /// Whether the next link must show that it stays open before it gets a request. A program that ends as soon as it is started
    /// may do so with a request in hand, which then seems to be the cause.
    /// </summary>
    public bool NeedsProof => _linksLostUnserved >= MaxLosses;

    public void Opened()
    {
        _openedAt = time.GetTimestamp();
        _wasAsked = _hasServed = false;
    }

    /// <summary>A request is about to be written.</summary>
    public void Asked() => _wasAsked = true;

    /// <summary>A turn has used the link and left it in order, so the way to the device works.</summary>
    public void Served()
    {
        _hasServed = true;
        _shortLivedLinks = _linksLostUnserved = 0;
        _nextPause = null;
    }

    /// <summary>The device, or the way to it, has ended the link.</summary>
    public void Lost()
    {
        if (_hasServed || time.GetElapsedTime(_openedAt) >= ShortLife)
        {
            _shortLivedLinks = 0;
            _nextPause = null;
        }
        else if (!_wasAsked)
        {
            _shortLivedLinks++;
        }

        if (_wasAsked && !_hasServed)
            _linksLostUnserved++;
    }

    /// <summary>An attempt has failed: the pause before the next one. Each is twice as long as the last, up to MaxReconnectDelay.</summary>
    public TimeSpan NextPause(LinkOptions options)
    {
        var pause = _nextPause ?? options.ReconnectDelay;
        _nextPause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, options.MaxReconnectDelay.Ticks));
        return pause;
    }
}
