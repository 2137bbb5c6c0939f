using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>Keeps one link open: opens it, opens it again when it is lost, and says at once when the device is away.</summary>
/// <remarks>
/// Between <see cref="TakeAsync"/> and <see cref="Release"/> or <see cref="RetireAsync"/> the link belongs to the turn that took
/// it, one at a time; in between, the keeper looks after it. Whoever has it, and nobody else, reads its input. Under the lock
/// only the keeper's own fields are touched: no pipe, no log, no callback.
/// </remarks>
internal sealed partial class LinkKeeper : IAsyncDisposable
{
    /// <summary>How often an unused link is looked at: whether the device has closed it, or it was idle for too long.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    /// <summary>
    /// More unasked bytes than this are not waited for to end: a device that never stops sending is asked all the same.
    /// </summary>
    private const long MostDiscarded = 4L * LinkPipe.MaxReadAhead;

    private readonly ILink _link;
    private readonly TimeProvider _time;
    private readonly LinkKeeperLog _log;
    private readonly Lock _sync = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly LinkDrain _drain;
    private readonly ITimer _look;
    private LinkOptions _options;
    private Phase _phase;
    private IOpenLink? _open;
    private Task<bool>? _opening;
    private TaskCompletionSource? _lookOver;
    private TaskCompletionSource? _cut;
    private bool _isAway;
    private bool _hasServed;
    private bool _wasAsked;
    private bool _mustBeDrained;
    private int _lostInfants;
    private int _lostAsked;
    private long _openedAt;
    private long _lastUsed;
    private TimeSpan _delay;
    private long _connects;
    private long _discarded;
    private string? _lastError;

    public LinkKeeper(string resource, ILink link, LinkOptions options, TimeProvider time, ILogger logger)
    {
        _link = link;
        _options = options;
        _time = time;
        _log = new LinkKeeperLog(resource, link.Description, logger, time);
        _delay = options.ReconnectDelay;
        _drain = new LinkDrain(time, CountDiscarded, _stopping.Token);
        _look = time.CreateTimer(static state => ((LinkKeeper)state!).Look(), this, LookEvery, LookEvery);
    }

    /// <summary>Where the link is; whoever changes it says so in one line, under the lock.</summary>
    private enum Phase
    {
        /// <summary>Nothing was begun yet.</summary>
        New,

        /// <summary>An attempt to open it, a pause before the next, or a drain, is under way: <see cref="_opening"/>.</summary>
        Opening,

        /// <summary>Open, and nobody's.</summary>
        Ready,

        /// <summary>Open, and the keeper looks after it for a moment.</summary>
        Looking,

        /// <summary>A turn's.</summary>
        Taken,

        /// <summary>Closed; opened with the next request.</summary>
        Idle,

        Stopped,
    }

    public ILink Link => _link;

    public LinkOptions Options
    {
        get => Volatile.Read(ref _options);
        set => Volatile.Write(ref _options, value);
    }

    /// <summary>What is told of the link.</summary>
    public LinkKeeperLog Log => _log;

    /// <summary>Whether an exception says that the link is lost.</summary>
    public static bool IsLoss(Exception exception) =>
        exception is IOException or LinkException or OperationCanceledException or ObjectDisposedException;

    /// <summary>Begins to open the link, so that it is there before the first request.</summary>
    public void Start()
    {
        lock (_sync)
        {
            if (_phase is Phase.New or Phase.Idle)
                _ = Reopen();
        }

        _log.Tell();
    }

    public LinkStatus GetStatus()
    {
        lock (_sync)
        {
            var state = _isAway ? LinkState.Down
                : _phase is Phase.Ready or Phase.Looking or Phase.Taken ? LinkState.Up
                : _phase is Phase.Idle ? LinkState.Idle : LinkState.Opening;
            return new LinkStatus(_link.Description, state, Interlocked.Read(ref _connects), Interlocked.Read(ref _discarded), _lastError);
        }
    }

    /// <summary>
    /// Takes the link for a turn: open, and rid of what the device has sent unasked. One that the device has closed is
    /// opened again first.
    /// </summary>
    /// <param name="work">Charged with what is discarded.</param>
    /// <param name="cancellationToken">The turn is over.</param>
    /// <returns><see langword="null"/>: the device is away. Told at once after one attempt has failed.</returns>
    /// <exception cref="OperationCanceledException">The turn is over; the link is not taken.</exception>
    public async ValueTask<IOpenLink?> TakeAsync(WorkBudget work, CancellationToken cancellationToken)
    {
        while (true)
        {
            IOpenLink? taken = null;
            Task<bool>? opening = null;
            Task? lookOver = null;
            var isAway = false;
            lock (_sync)
            {
                switch (_phase)
                {
                    case Phase.Ready or Phase.Taken: // again in the same turn: there is one at a time
                        _phase = Phase.Taken;
                        taken = _open;
                        break;
                    case Phase.Looking:
                        lookOver = (_lookOver ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
                        break;
                    case Phase.Stopped:
                        return null;
                    default:
                        opening = Reopen();
                        isAway = _isAway;
                        break;
                }
            }

            _log.Tell();
            if (isAway)
                return null;
            if (taken is not null)
            {
                if (await ClearAsync(taken, work, cancellationToken))
                    return taken;
            }
            else if (lookOver is not null)
            {
                await lookOver.WaitAsync(cancellationToken);
            }
            else if (!await opening!.WaitAsync(cancellationToken))
            {
                return null;
            }
        }
    }

    /// <summary>The turn is done with the link, which is in order.</summary>
    public void Release()
    {
        lock (_sync)
        {
            if (_phase != Phase.Taken)
                return;
            _phase = Phase.Ready;
            _hasServed = true;
            _lostInfants = _lostAsked = 0;
            _lastUsed = _time.GetTimestamp();
            _delay = Options.ReconnectDelay;
        }
    }

    /// <summary>The turn has written nothing to the link.</summary>
    public void GiveBack()
    {
        lock (_sync)
        {
            if (_phase == Phase.Taken)
                _phase = Phase.Ready;
        }
    }

    /// <summary>
    /// Closes the link that the turn has, at once: when this returns, even before it has completed, nothing is written to the
    /// device any more. To be followed by <see cref="RetireAsync"/>.
    /// </summary>
    public async ValueTask CutAsync()
    {
        IOpenLink? open = null;
        TaskCompletionSource? cut;
        lock (_sync)
        {
            if (_phase == Phase.Taken)
            {
                open = TakeOut(Phase.Idle, isStale: true);
                _cut = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            cut = _cut;
        }

        if (open is not null)
        {
            await CloseAsync(open);
            cut!.SetResult();
        }
        else if (cut is not null)
        {
            await cut.Task; // begun by whoever ended the turn
        }
    }

    /// <summary>
    /// The turn leaves a link on which late bytes may come, or none: it is opened afresh, or, where that does not help, drained
    /// until it is silent. Throws nothing.
    /// </summary>
    /// <param name="lost">Why, where the device or the way to it has ended it.</param>
    /// <param name="silence">How long it must be silent, where that is longer than ReplyTimeout.</param>
    public async ValueTask RetireAsync(string? lost = null, TimeSpan silence = default)
    {
        IOpenLink? open;
        lock (_sync)
            open = _phase == Phase.Taken ? _open : null;
        try
        {
            if (open is not null && lost is null && _link.IsDrained && !open.HasUnfinishedWrite)
            {
                if (await DrainAsync(open, silence))
                    return;
            }
            else if (open is not null)
            {
                await CloseTakenAsync(open, lost);
            }

            await ReopenedAsync(lost);
        }
        catch (Exception exception) when (IsLoss(exception))
        {
            await CutAsync(); // the host stops
        }
    }

    /// <summary>
    /// Waits, in a turn that has the link, for the late reply to an earlier request: until the line has been silent for so
    /// long. One that does not fall silent is away until it does.
    /// </summary>
    /// <returns>Whether the turn still has the link.</returns>
    public async ValueTask<bool> AwaitSilenceAsync(IOpenLink open, TimeSpan silence, CancellationToken cancellationToken)
    {
        switch (await _drain.RunAsync(open, silence, 4 * Options.ReplyTimeout, cancellationToken))
        {
            case DrainResult.Silent:
                return true;
            case DrainResult.Noisy:
                DrainOn(open);
                return false;
            default:
                if (cancellationToken.IsCancellationRequested)
                    GiveBack();
                cancellationToken.ThrowIfCancellationRequested();
                await CloseTakenAsync(open, UnaskedInput.ClosedByDevice);
                return false;
        }
    }

    /// <summary>Bytes that came when nobody had asked, or that answer somebody else.</summary>
    public void CountDiscarded(long bytes)
    {
        if (bytes == 0)
            return;
        Interlocked.Add(ref _discarded, bytes);
        _log.Discarded(bytes);
    }

    public async ValueTask DisposeAsync()
    {
        await _look.DisposeAsync();
        await _stopping.CancelAsync();
        Task<bool>? opening;
        IOpenLink? open;
        lock (_sync)
        {
            opening = _opening;
            open = TakeOut(Phase.Stopped, isStale: false);
        }

        if (open is not null)
            await CloseAsync(open);
        if (opening is not null)
            await opening;
        _log.TellAll();
    }

    /// <summary>Discards what has come unasked, and gives way to others while it does.</summary>
    /// <returns>Whether the turn has the link; else the device has closed it, and it is closed.</returns>
    private async ValueTask<bool> ClearAsync(IOpenLink open, WorkBudget work, CancellationToken cancellationToken)
    {
        for (var left = MostDiscarded; ;)
        {
            var unasked = UnaskedInput.Discard(open, out var ended);
            CountDiscarded(unasked);
            if (ended is not null)
            {
                IOpenLink? lost;
                lock (_sync)
                    lost = _open == open ? Lose(ended) : null;
                _log.Tell();
                if (lost is not null)
                    await CloseAsync(lost);
                return false;
            }

            if (unasked == 0 || (left -= unasked) <= 0)
                break;
            if (work.Charge(WorkBudget.SystemCall + unasked))
                await WorkBudget.GiveWay();
            if (!cancellationToken.IsCancellationRequested)
                continue;
            GiveBack();
            throw new OperationCanceledException(cancellationToken);
        }

        lock (_sync)
            _wasAsked = true; // it is about to be
        return true;
    }

    /// <summary>Looks after a link that nobody uses, at no more than has come by now.</summary>
    private void Look()
    {
        IOpenLink? open = null;
        lock (_sync)
        {
            if (_phase == Phase.Ready)
            {
                _phase = Phase.Looking;
                open = _open;
            }
        }

        if (open is not null)
            Look(open);
        _log.Tell();
    }

    private void Look(IOpenLink open)
    {
        CountDiscarded(UnaskedInput.Discard(open, out var ended));
        IOpenLink? closing = null;
        TaskCompletionSource? over;
        lock (_sync)
        {
            if (_phase == Phase.Looking)
            {
                if (ended is not null)
                {
                    closing = Lose(ended);
                    _ = Reopen();
                }
                else if (_lookOver is null && Options.IdleTimeout > TimeSpan.Zero && _time.GetElapsedTime(_lastUsed) >= Options.IdleTimeout)
                {
                    closing = TakeOut(Phase.Idle, isStale: false);
                }
                else
                {
                    _phase = Phase.Ready;
                }
            }

            (over, _lookOver) = (_lookOver, null);
        }

        over?.SetResult();
        if (closing is not null)
            _ = CloseAsync(closing);
    }
}
