namespace SocketSync;

/// <summary>How a link is opened, lost and opened again.</summary>
internal sealed partial class LinkKeeper
{
    /// <summary>A link that is lost sooner, and was asked nothing, was hardly there.</summary>
    private static readonly TimeSpan Infancy = TimeSpan.FromSeconds(1);

    /// <summary>So many of them in a row, and opening has failed, though it succeeds: a program that ends at once.</summary>
    private const int MostLostInfants = 3;

    /// <summary>Begins to open it again, at once or after a pause, or as after a failed attempt. Under the lock.</summary>
    private Task<bool> Reopen(TimeSpan pause = default)
    {
        if (_phase == Phase.Opening)
            return _opening!;
        if (_phase == Phase.Stopped)
            return Task.FromResult(false);
        _phase = Phase.Opening;
        if (_lostInfants < MostLostInfants)
            return _opening = OpenAsync(pause);
        _log.Away($"{_link.Description}: lost as soon as it is open: {_lastError}");
        _isAway = true;
        return _opening = RetryAsync();
    }

    /// <summary>
    /// A request at which the device hung up costs that request, and the pause before the next attempt is always the shortest.
    /// A line on which late bytes survive is waited for, as it must be drained before the next turn.
    /// </summary>
    private async ValueTask ReopenedAsync(string? lost)
    {
        Task? cut;
        lock (_sync)
            cut = _cut?.Task;
        if (cut is not null)
            await cut; // there are never two

        Task<bool>? opening = null;
        lock (_sync)
        {
            if (_phase is Phase.Idle or Phase.Opening)
                opening = Reopen(lost is null ? TimeSpan.Zero : Options.ReconnectDelay);
        }

        _log.Tell();
        if (opening is not null && _link.IsDrained)
            await opening;
    }

    /// <summary>One attempt; after a failed one others follow by themselves, in the background, until one succeeds.</summary>
    private async Task<bool> OpenAsync(TimeSpan pause)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding); // called under the lock
        try
        {
            if (pause > TimeSpan.Zero)
                await Task.Delay(pause, _time, _stopping.Token);
            var open = await LinkAttempt.RunAsync(_link, Options, _time, _stopping.Token);
            await ProveAsync(open);
            return await IsSilentAsync(open) && Opened(open, isNew: true);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        catch (Exception exception)
        {
            Failed(exception, RetryAsync);
            return false;
        }
    }

    /// <summary>
    /// A program that ends as soon as it is started may do so with a request in hand, which then seems to be the cause. Where
    /// that has happened so often that nobody was served in between, it is asked again only when it has shown that it stays.
    /// </summary>
    private async Task ProveAsync(IOpenLink open)
    {
        lock (_sync)
        {
            if (_link.Probation == TimeSpan.Zero || _lostAsked < MostLostInfants)
                return;
        }

        if (await _drain.RunAsync(open, _link.Probation, 2 * _link.Probation, _stopping.Token) != DrainResult.Lost)
            return;
        UnaskedInput.Discard(open, out var ended);
        await CloseAsync(open);
        _stopping.Token.ThrowIfCancellationRequested();
        throw new LinkException($"{_link.Description}: lost as soon as it is open: {ended}");
    }

    /// <summary>A line that was closed while bytes could still come on it is given to a turn only when it is silent.</summary>
    private async Task<bool> IsSilentAsync(IOpenLink open)
    {
        lock (_sync)
        {
            if (!_mustBeDrained)
                return true;
        }

        switch (await _drain.RunAsync(open, Options.ReplyTimeout, 4 * Options.ReplyTimeout, _stopping.Token))
        {
            case DrainResult.Silent:
                return true;
            case DrainResult.Noisy:
                Failed(NotSilent(), () => DrainOnAsync(open));
                return false;
            default:
                await CloseAsync(open);
                _stopping.Token.ThrowIfCancellationRequested();
                throw new LinkException($"{_link.Description}: {UnaskedInput.ClosedByDevice}");
        }
    }

    private bool Opened(IOpenLink open, bool isNew)
    {
        var isStopped = false;
        lock (_sync)
        {
            if (_phase == Phase.Stopped)
            {
                isStopped = true;
            }
            else
            {
                _phase = Phase.Ready;
                _open = open;
                _opening = null;
                _isAway = _hasServed = _wasAsked = _mustBeDrained = false;
                _openedAt = _lastUsed = _time.GetTimestamp();
                if (isNew)
                    Interlocked.Increment(ref _connects);
                _log.Opened();
            }
        }

        if (isStopped)
            _ = CloseAsync(open);
        _log.Tell();
        return !isStopped;
    }

    /// <summary>The device is away; what brings it back goes on in the background.</summary>
    private void Failed(Exception exception, Func<Task<bool>> recover)
    {
        lock (_sync)
        {
            if (_phase == Phase.Stopped)
                return;
            if (!_isAway)
                _log.Away(exception.Message);
            _phase = Phase.Opening;
            _isAway = true;
            _lastError = exception.Message;
            _opening = recover();
        }

        _log.Tell();
    }

    /// <summary>The only place where a pause grows. Begun under the lock.</summary>
    private async Task<bool> RetryAsync()
    {
        var delay = _delay;
        _delay = TimeSpan.FromTicks(Math.Min(_delay.Ticks * 2, Options.MaxReconnectDelay.Ticks));
        return await OpenAsync(delay);
    }

    /// <summary>Drains the line that a turn has.</summary>
    /// <returns>Whether it is in order, or will be; else it is closed.</returns>
    private async Task<bool> DrainAsync(IOpenLink open, TimeSpan silence)
    {
        if (silence < Options.ReplyTimeout)
            silence = Options.ReplyTimeout;
        switch (await _drain.RunAsync(open, silence, 4 * Options.ReplyTimeout, _stopping.Token))
        {
            case DrainResult.Silent:
                Release();
                return true;
            case DrainResult.Noisy:
                DrainOn(open);
                return true;
            default:
                await CloseTakenAsync(open, UnaskedInput.ClosedByDevice);
                return false;
        }
    }

    /// <summary>The line does not fall silent: nobody is served until it does.</summary>
    private void DrainOn(IOpenLink open)
    {
        lock (_sync)
        {
            if (_open == open)
                TakeOut(Phase.Idle, isStale: true);
        }

        Failed(NotSilent(), () => DrainOnAsync(open));
    }

    private async Task<bool> DrainOnAsync(IOpenLink open)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding); // called under the lock
        if (await _drain.RunAsync(open, Options.ReplyTimeout, Timeout.InfiniteTimeSpan, _stopping.Token) == DrainResult.Silent)
            return Opened(open, isNew: false);
        await CloseAsync(open);
        return await OpenAsync(TimeSpan.Zero);
    }

    private LinkException NotSilent() => new($"{_link.Description}: the line does not fall silent");

    private async ValueTask CloseTakenAsync(IOpenLink open, string? lost)
    {
        IOpenLink? closing;
        lock (_sync)
        {
            closing = _open != open ? null : lost is not null ? Lose(lost) : TakeOut(Phase.Idle, isStale: true);
        }

        _log.Tell();
        if (closing is not null)
            await CloseAsync(closing);
    }

    /// <summary>The device has ended the link, or the way to it has. Under the lock.</summary>
    /// <returns>What is to be closed.</returns>
    private IOpenLink? Lose(string why)
    {
        _lastError = why;
        if (_hasServed || _time.GetElapsedTime(_openedAt) >= Infancy)
        {
            _lostInfants = 0;
            _delay = Options.ReconnectDelay;
        }
        else if (!_wasAsked)
        {
            _lostInfants++;
        }

        if (_wasAsked && !_hasServed)
            _lostAsked++;

        _log.Lost(why);
        return TakeOut(Phase.Idle, isStale: _phase == Phase.Taken);
    }

    /// <summary>The link is nobody's any more. Under the lock.</summary>
    /// <param name="next">What follows.</param>
    /// <param name="isStale">A reply to what was asked may still come, where late bytes survive.</param>
    /// <returns>What is to be closed.</returns>
    private IOpenLink? TakeOut(Phase next, bool isStale)
    {
        if (_phase == Phase.Stopped)
            return null;
        var open = _open;
        _open = null;
        _phase = next;
        _mustBeDrained |= isStale && _link.IsDrained;
        return open;
    }

    /// <summary>Begins to close it before anything else happens, and throws nothing. Not under the lock.</summary>
    private async Task CloseAsync(IOpenLink open)
    {
        try
        {
            await open.DisposeAsync();
        }
        catch (Exception exception)
        {
            _log.CloseFailed(exception);
        }
    }
}
