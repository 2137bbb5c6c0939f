using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>Keeps one link open: opens it, opens it again when it is lost, and says at once when the device is away.</summary>
/// <remarks>
/// Between <see cref="TakeAsync"/> and <see cref="Release"/> or <see cref="RetireAsync"/> the link belongs to the turn that took
/// it, one at a time; in between, the keeper looks after it.
/// </remarks>
internal sealed partial class LinkKeeper : IAsyncDisposable
{
    /// <summary>How often an unused link is looked at: whether the device has closed it, or it was idle for too long.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    /// <summary>A link that is lost sooner, and has served nobody, was hardly there.</summary>
    private static readonly TimeSpan Infancy = TimeSpan.FromSeconds(1);

    /// <summary>So many of them in a row, and opening has failed, though it succeeds: a program that ends at once.</summary>
    private const int MostLostInfants = 3;

    private const string ClosedByDevice = "the device has closed the link";

    private readonly ILink _link;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly string _resource;
    private readonly Lock _sync = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly LinkDrain _drain;
    private readonly ITimer _look;
    private LinkOptions _options;
    private IOpenLink? _open;
    private Task<bool>? _opening;
    private bool _isTaken;
    private bool _isAway;
    private bool _isIdle;
    private bool _hasServed;
    private int _lostInfants;
    private long _openedAt;
    private long _lastUsed;
    private TimeSpan _delay;
    private long _connects;
    private long _discarded;
    private string? _lastError;

    public LinkKeeper(string resource, ILink link, LinkOptions options, TimeProvider time, ILogger logger)
    {
        _resource = resource;
        _link = link;
        _options = options;
        _time = time;
        _logger = logger;
        _delay = options.ReconnectDelay;
        _drain = new LinkDrain(time, CountDiscarded, _stopping.Token);
        _look = time.CreateTimer(static state => ((LinkKeeper)state!).Look(), this, LookEvery, LookEvery);
    }

    public ILink Link => _link;

    public LinkOptions Options
    {
        get => Volatile.Read(ref _options);
        set => Volatile.Write(ref _options, value);
    }

    /// <summary>Begins to open the link, so that it is there before the first request.</summary>
    public void Start()
    {
        lock (_sync)
            _ = Reopen();
    }

    public LinkStatus GetStatus()
    {
        lock (_sync)
        {
            var state = _isAway ? LinkState.Down : _open is not null ? LinkState.Up : _isIdle ? LinkState.Idle : LinkState.Opening;
            return new LinkStatus(_link.Description, state, Interlocked.Read(ref _connects), Interlocked.Read(ref _discarded), _lastError);
        }
    }

    /// <summary>
    /// Takes the link for a turn: open, and rid of what the device has sent unasked. One that the device has closed is
    /// opened again first.
    /// </summary>
    /// <returns><see langword="null"/>: the device is away. Told at once after one attempt has failed.</returns>
    /// <exception cref="OperationCanceledException">The turn is over; the link is not taken.</exception>
    public async ValueTask<IOpenLink?> TakeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task<bool> opening;
            lock (_sync)
            {
                if (!_isAway && _open is { } open && IsAlive(open))
                {
                    _isTaken = true;
                    return open;
                }

                opening = Reopen();
                if (_isAway)
                    return null;
            }

            if (!await opening.WaitAsync(cancellationToken))
                return null;
        }
    }

    /// <summary>The turn is done with the link, which is in order.</summary>
    public void Release()
    {
        lock (_sync)
        {
            _isTaken = false;
            _hasServed = true;
            _lostInfants = 0;
            _lastUsed = _time.GetTimestamp();
            _delay = Options.ReconnectDelay;
        }
    }

    /// <summary>
    /// The turn leaves a link on which late bytes may come: it is opened afresh, or, where that does not help, drained
    /// until it is silent.
    /// </summary>
    /// <param name="lost">Why, where the device or the way to it has ended it.</param>
    public async ValueTask RetireAsync(string? lost = null)
    {
        IOpenLink? retired;
        lock (_sync)
        {
            retired = _open;
            if (lost is not null)
                Lost(lost);
            else
                _lostInfants = 0;
        }

        if (retired is null)
            return;
        var drained = _link.IsDrained ? await _drain.RunAsync(retired, Options.ReplyTimeout, 4 * Options.ReplyTimeout) : DrainResult.Lost;
        if (drained == DrainResult.Noisy)
        {
            Failed(new LinkException($"{_link.Description}: the line does not fall silent"), () => DrainOnAsync(retired));
            return;
        }

        if (drained == DrainResult.Silent)
        {
            Release();
            return;
        }

        await CloseAsync(retired);
        Start();
    }

    /// <summary>Bytes that came when nobody had asked, or that answer somebody else.</summary>
    public void CountDiscarded(long bytes)
    {
        if (bytes == 0)
            return;
        Interlocked.Add(ref _discarded, bytes);
        LogDiscarded(_logger, _resource, _link.Description, bytes);
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
            open = _open;
        }

        if (open is not null)
            await CloseAsync(open);
        if (opening is not null)
            await opening;
    }

    /// <summary>Looks without waiting: discards what has come, and closes what the device has closed. Under the lock.</summary>
    private bool IsAlive(IOpenLink open)
    {
        try
        {
            while (open.Input.TryRead(out var result))
            {
                CountDiscarded(result.Buffer.Length);
                open.Input.AdvanceTo(result.Buffer.End);
                if (!result.IsCompleted)
                    continue;
                Forget(open, ClosedByDevice);
                return false;
            }

            if (!open.IsEnded)
                return true;
            Forget(open, ClosedByDevice);
            return false;
        }
        catch (Exception exception) when (IsLoss(exception))
        {
            Forget(open, exception.Message);
            return false;
        }
    }

    private void Look()
    {
        IOpenLink? idle = null;
        lock (_sync)
        {
            if (_isTaken || _open is not { } open)
                return;
            if (!IsAlive(open))
            {
                _ = Reopen();
                return;
            }

            if (Options.IdleTimeout > TimeSpan.Zero && _time.GetElapsedTime(_lastUsed) >= Options.IdleTimeout)
            {
                _open = null;
                _isIdle = true;
                idle = open;
            }
        }

        if (idle is not null)
            _ = DisposeQuietlyAsync(idle);
    }

    /// <summary>Whether an exception says that the link is lost.</summary>
    public static bool IsLoss(Exception exception) =>
        exception is IOException or LinkException or OperationCanceledException or ObjectDisposedException;
}
