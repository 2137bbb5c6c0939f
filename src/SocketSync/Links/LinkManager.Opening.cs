namespace SocketSync;

/// <summary>How a link is opened, lost and reopened.</summary>
internal sealed partial class LinkManager
{
    private string LostRightAway(string? why) => $"{_link.Description}: lost as soon as it is open: {why}";

    /// <summary>Starts to open the link, unless that is under way. <see cref="_opening"/> then completes after one attempt. Under the lock.</summary>
    private void BeginOpening(TimeSpan pause = default)
    {
        if (_state != LinkState.Idle)
            return;
        if (_policy.CountsAsFailure)
        {
            _log.Away(LostRightAway(_lastError));
            Become(LinkState.Down);
            SetOpening(RetryAsync());
        }
        else
        {
            Become(LinkState.Opening);
            SetOpening(OpenAsync(pause));
        }
    }

    /// <summary>Under the lock. The task yields before it does anything, so it does nothing under the lock.</summary>
    private void SetOpening(Task<bool> opening)
    {
        _opening = opening;
        opening.Observe();
    }

    /// <summary>
    /// After a request at which the device hung up, the pause before the next attempt is always the shortest. The caller waits
    /// for a line that keeps late bytes, since it must be silent before the next turn.
    /// </summary>
    private async ValueTask ReopenAsync(string? lost)
    {
        Task? cut;
        lock (_sync)
            cut = _cut?.Task;
        if (cut is not null)
            await cut; // there are never two open links

        Task<bool>? opening = null;
        lock (_sync)
        {
            if (_state is LinkState.Idle or LinkState.Opening or LinkState.Down)
            {
                BeginOpening(lost is null ? TimeSpan.Zero : Options.ReconnectDelay);
                opening = _opening;
            }
        }

        _log.Flush();
        if (opening is not null && _link.KeepsLateBytes)
            await opening;
    }

    /// <summary>One attempt. After a failed one others follow in the background, until one succeeds.</summary>
    private async Task<bool> OpenAsync(TimeSpan pause)
    {
        await Dispatcher.HopToPool(); // called under the lock
        try
        {
            if (pause > TimeSpan.Zero)
                await Task.Delay(pause, _time, _stopping.Token);
            if (Term is { IsValid: false })
                throw new LinkException($"{_link.Description}: not opened, another node may own it");
            var open = await LinkAttempt.RunAsync(_link, Options, _time, _stopping.Token);
            if (Watch is { } watch)
                open = open.Watched(watch);
            await ProveAsync(open);
            return await IsSilentAsync(open) && Opened(open, isNew: true);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        catch (Exception exception)
        {
            GoDown(exception.Message, RetryAsync);
            return false;
        }
    }

    /// <summary>The only place where the pause grows. Started under the lock.</summary>
    private Task<bool> RetryAsync() => OpenAsync(_policy.NextPause(Options));

    /// <summary>Where opening a link shows nothing, and links were lost too often without serving anybody, it must first stay open for a while.</summary>
    private async Task ProveAsync(IOpenLink open)
    {
        var probation = _link.Probation;
        if (probation == TimeSpan.Zero)
            return;
        lock (_sync)
        {
            if (!_policy.NeedsProof)
                return;
        }

        if (await _purge.RunAsync(open, probation, 2 * probation, _stopping.Token) != PurgeResult.Lost)
            return;
        UnaskedInput.Discard(open, out var ended);
        await CloseAsync(open);
        _stopping.Token.ThrowIfCancellationRequested();
        throw new LinkException(LostRightAway(ended));
    }

    private bool Opened(IOpenLink open, bool isNew)
    {
        var isStopped = false;
        if (open.Output is LinkOutput output)
            output.Term = Term;
        lock (_sync)
        {
            if (_state == LinkState.Stopped)
            {
                isStopped = true;
            }
            else
            {
                Become(LinkState.Up);
                _open = open;
                _opening = null;
                _mayHoldLateBytes = false;
                _policy.Opened();
                _lastUsed = _time.GetTimestamp();
                if (isNew)
                    Interlocked.Increment(ref _connects);
                _log.Opened();
            }
        }

        if (isStopped)
            CloseAsync(open).Observe();
        _log.Flush();
        return !isStopped;
    }

    /// <summary>The device is away; <paramref name="recover"/> brings it back in the background.</summary>
    private void GoDown(string reason, Func<Task<bool>> recover)
    {
        lock (_sync)
        {
            if (_state == LinkState.Stopped)
                return;
            if (_state != LinkState.Down)
            {
                _log.Away(reason);
                Become(LinkState.Down);
            }

            Remember(reason);
            SetOpening(recover());
        }

        _log.Flush();
    }

    private async ValueTask CloseTakenAsync(IOpenLink open, string? lost)
    {
        IOpenLink? closing;
        lock (_sync)
        {
            closing = _open != open ? null : lost is not null ? Lose(lost) : TakeOut(LinkState.Idle, mayHoldLateBytes: true);
        }

        _log.Flush();
        if (closing is not null)
            await CloseAsync(closing);
    }

    /// <summary>The device, or the way to it, has ended the link. Under the lock.</summary>
    /// <returns>The link to close.</returns>
    private IOpenLink? Lose(string why)
    {
        Remember(why);
        _policy.Lost();
        _log.Lost(why);
        return TakeOut(LinkState.Idle, mayHoldLateBytes: _state.IsInTurn());
    }

    /// <summary>Takes the link away from whoever has it. Under the lock.</summary>
    /// <param name="next">The state that follows.</param>
    /// <param name="mayHoldLateBytes">A reply may still come; that matters where closing the link does not help.</param>
    /// <returns>The link to close.</returns>
    private IOpenLink? TakeOut(LinkState next, bool mayHoldLateBytes)
    {
        if (_state == LinkState.Stopped)
            return null;
        var open = _open;
        _open = null;
        _mayHoldLateBytes |= mayHoldLateBytes;
        Become(next);
        return open;
    }

    /// <summary>Starts to close it before it returns, and throws nothing. Not under the lock.</summary>
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

/// <summary>One attempt to open a link: within ConnectTimeout, and with the silence that the device needs afterwards.</summary>
internal static class LinkAttempt
{
    /// <exception cref="LinkException">The device is not there.</exception>
    /// <exception cref="OperationCanceledException">The host stops; nothing is left open.</exception>
    public static async Task<IOpenLink> RunAsync(ILink link, LinkOptions options, TimeProvider time, CancellationToken stopping)
    {
        var open = await ConnectAsync(link, options, time, stopping);
        try
        {
            if (options.ConnectDelay > TimeSpan.Zero)
                await Task.Delay(options.ConnectDelay, time, stopping);
            return open;
        }
        catch
        {
            await open.DisposeAsync();
            throw;
        }
    }

    private static async Task<IOpenLink> ConnectAsync(ILink link, LinkOptions options, TimeProvider time, CancellationToken stopping)
    {
        using var timeout = new CancellationTokenSource(options.ConnectTimeout, time);
        using var cancelled = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, stopping);
        try
        {
            return await link.OpenAsync(cancelled.Token);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested)
        {
            throw new LinkException($"{link.Description}: no answer within ConnectTimeout ({options.ConnectTimeout})");
        }
    }
}
