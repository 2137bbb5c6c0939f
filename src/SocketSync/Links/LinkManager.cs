using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>Keeps one link open: opens it, reopens it when it is lost, and says at once when the device is away.</summary>
/// <remarks>
/// Between <see cref="TakeAsync"/> and <see cref="Release"/>, <see cref="ReleaseUnused"/> or <see cref="RetireAsync"/> the link
/// belongs to one turn; otherwise it belongs to the manager. Only its owner reads its input. <see cref="LinkState"/> is the one
/// place that says where the link is. Under the lock only the manager's own fields are touched: no pipe, no log, no callback.
/// </remarks>
internal sealed partial class LinkManager : IAsyncDisposable
{
    /// <summary>How often an unused link is checked: whether the device has closed it, and whether it was idle for too long.</summary>
    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(1);

    /// <summary>How many unasked bytes are discarded before a request, at most: a device that never stops sending is asked anyway.</summary>
    private const long MaxDiscarded = 4L * LinkPipe.MaxReadAhead;

    private readonly ILink _link;
    private readonly TimeProvider _time;
    private readonly LinkLog _log;
    private readonly ReconnectPolicy _policy;
    private readonly LinePurge _purge;
    private readonly ITimer _checkTimer;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _sync = new();
    private LinkOptions _options;
    private LinkState _state;
    private IOpenLink? _open;
    private Task<bool>? _opening;
    private TaskCompletionSource? _checkOver;
    private TaskCompletionSource? _cut;
    private bool _mayHoldLateBytes;
    private long _lastUsed;
    private long _connects;
    private long _discarded;
    private long _retries;
    private string? _lastError;
    private DateTimeOffset? _lastErrorAt;
    private DateTimeOffset? _downSince;

    public LinkManager(string resource, ILink link, LinkOptions options, TimeProvider time, ILogger logger)
    {
        _link = link;
        _options = options;
        _time = time;
        _log = new LinkLog(resource, link.Description, logger, time);
        _policy = new ReconnectPolicy(time);
        _purge = new LinePurge(time, CountDiscarded, _stopping.Token);
        _checkTimer = time.CreateTimer(static manager => ((LinkManager)manager!).Check(), this, CheckInterval, CheckInterval);
    }

    public ILink Link => _link;

    /// <summary>The term in which the link is used, if several nodes share the resource: nothing is opened or written outside it.</summary>
    public Term? Term { get; init; }

    /// <summary>Who sees what passes, if the resource has a listener for watchers. To be set before <see cref="Start"/>.</summary>
    public DeviceWatch? Watch { get; set; }

    public LinkOptions Options
    {
        get => Volatile.Read(ref _options);
        set => Volatile.Write(ref _options, value);
    }

    public LinkLog Log => _log;

    /// <summary>Starts to open the link, so that it is there before the first request.</summary>
    public void Start()
    {
        lock (_sync)
        {
            if (_state == LinkState.Idle)
                BeginOpening();
        }

        _log.Flush();
    }

    public LinkStatus GetStatus()
    {
        lock (_sync)
            return new LinkStatus(_link.Description, _state, Interlocked.Read(ref _connects), Interlocked.Read(ref _discarded), Interlocked.Read(ref _retries), _lastError, _lastErrorAt, _downSince);
    }

    /// <summary>
    /// Takes the link for a turn. It is open, and what the device sent unasked has been discarded. If the device has closed it,
    /// it is reopened first.
    /// </summary>
    /// <param name="work">Charged with what is discarded.</param>
    /// <param name="cancellationToken">The turn is over.</param>
    /// <returns><see langword="null"/> if the device is away; after one failed attempt, that is known at once.</returns>
    /// <exception cref="OperationCanceledException">The turn is over; the link is not taken.</exception>
    public async ValueTask<IOpenLink?> TakeAsync(WorkBudget work, CancellationToken cancellationToken)
    {
        while (true)
        {
            IOpenLink? taken = null;
            Task<bool>? opening = null;
            Task? checkOver = null;
            lock (_sync)
            {
                switch (_state)
                {
                    case LinkState.Up:
                        Become(LinkState.Taken);
                        taken = _open;
                        break;
                    case LinkState.Taken: // by the same turn: there is one at a time
                        taken = _open;
                        break;
                    case LinkState.Checking:
                        checkOver = (_checkOver ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
                        break;
                    case LinkState.Idle or LinkState.Opening:
                        BeginOpening();
                        opening = _state == LinkState.Opening ? _opening : null;
                        break;
                    default: // Down, Stopped; and Purging, which nobody is given
                        break;
                }
            }

            _log.Flush();
            if (taken is not null)
            {
                if (await ClearAsync(taken, work, cancellationToken))
                    return taken;
            }
            else if (checkOver is not null)
            {
                await checkOver.WaitAsync(cancellationToken);
            }
            else if (opening is null || !await opening.WaitAsync(cancellationToken))
            {
                return null;
            }
        }
    }

    /// <summary>The turn is over, and the link is in order: the device has answered, or its late reply will tell whose it is.</summary>
    public void Release()
    {
        lock (_sync)
        {
            if (!_state.IsInTurn())
                return;
            Become(LinkState.Up);
            _policy.Served();
            _lastUsed = _time.GetTimestamp();
        }
    }

    /// <summary>The turn is over, and has written nothing to the link.</summary>
    public void ReleaseUnused()
    {
        lock (_sync)
        {
            if (_state.IsInTurn())
                Become(LinkState.Up);
        }
    }

    /// <summary>
    /// Closes the turn's link at once: when the call returns, even before the task completes, nothing more is written to the
    /// device. <see cref="RetireAsync"/> must follow.
    /// </summary>
    public async ValueTask CutAsync()
    {
        IOpenLink? open = null;
        TaskCompletionSource? cut;
        lock (_sync)
        {
            if (_state.IsInTurn())
            {
                open = TakeOut(LinkState.Idle, mayHoldLateBytes: true);
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
            await cut.Task; // somebody else has cut it already
        }
    }

    /// <summary>Counts bytes that nobody had asked for, or that answer an earlier request.</summary>
    public void CountDiscarded(long bytes)
    {
        if (bytes == 0)
            return;
        Interlocked.Add(ref _discarded, bytes);
        _log.Discarded(bytes);
    }

    /// <summary>Counts a read that is asked again.</summary>
    /// <param name="unit">The unit that is asked.</param>
    /// <param name="why">What became of the last try.</param>
    public void CountRetry(byte unit, string why)
    {
        Interlocked.Increment(ref _retries);
        _log.AskedAgain(unit, why);
    }

    public async ValueTask DisposeAsync()
    {
        await _checkTimer.DisposeAsync();
        await _stopping.CancelAsync();
        Task<bool>? opening;
        IOpenLink? open;
        lock (_sync)
        {
            opening = _opening;
            open = TakeOut(LinkState.Stopped, mayHoldLateBytes: false);
        }

        if (open is not null)
            await CloseAsync(open);
        if (opening is not null)
            await opening;
        _log.FlushAll();
    }

    /// <summary>The only place that writes the state. Under the lock.</summary>
    private void Become(LinkState next)
    {
        Debug.Assert(_sync.IsHeldByCurrentThread, "the state is written under the lock");
        Debug.Assert(_state.CanBecome(next), $"a link that is {_state} cannot become {next}");
        _state = next;
        _downSince = next == LinkState.Down ? _time.GetUtcNow() : null;
    }

    /// <summary>Keeps what went wrong, for the status. Under the lock.</summary>
    private void Remember(string error)
    {
        _lastError = error;
        _lastErrorAt = _time.GetUtcNow();
    }

    /// <summary>Discards what has come unasked, and lets others run in between.</summary>
    /// <returns>Whether the turn has the link; else the device has closed it, and it is closed here too.</returns>
    private async ValueTask<bool> ClearAsync(IOpenLink open, WorkBudget work, CancellationToken cancellationToken)
    {
        for (var left = MaxDiscarded; ;)
        {
            var unasked = UnaskedInput.Discard(open, out var ended);
            CountDiscarded(unasked);
            if (ended is not null)
            {
                await CloseTakenAsync(open, ended);
                return false;
            }

            // A small datagram is as much work as a long one.
            if (unasked == 0 || (left -= _link.DatagramBytes is null ? unasked : Math.Max(unasked, WorkBudget.SystemCall)) <= 0)
                break;
            if (work.Charge(WorkBudget.SystemCall + unasked))
                await Dispatcher.Yield();
            if (!cancellationToken.IsCancellationRequested)
                continue;
            ReleaseUnused();
            throw new OperationCanceledException(cancellationToken);
        }

        lock (_sync)
            _policy.Asked();
        return true;
    }

    /// <summary>Checks a link that nobody uses. Reads no more than has come by now.</summary>
    private void Check()
    {
        IOpenLink? open = null;
        lock (_sync)
        {
            if (_state == LinkState.Up)
            {
                Become(LinkState.Checking);
                open = _open;
            }
        }

        if (open is not null)
            Check(open);
        _log.Flush();
    }

    private void Check(IOpenLink open)
    {
        CountDiscarded(UnaskedInput.Discard(open, out var ended));
        IOpenLink? closing = null;
        TaskCompletionSource? checkOver;
        lock (_sync)
        {
            if (_state == LinkState.Checking)
            {
                if (ended is not null)
                {
                    closing = Lose(ended);
                    BeginOpening();
                }
                else if (_checkOver is null && Options.IdleTimeout > TimeSpan.Zero && _time.GetElapsedTime(_lastUsed) >= Options.IdleTimeout)
                {
                    closing = TakeOut(LinkState.Idle, mayHoldLateBytes: false);
                }
                else
                {
                    Become(LinkState.Up);
                }
            }

            (checkOver, _checkOver) = (_checkOver, null);
        }

        checkOver?.SetResult();
        if (closing is not null)
            CloseAsync(closing).Observe();
    }
}
