using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>How a link is opened, lost and opened again.</summary>
internal sealed partial class LinkKeeper
{
    /// <summary>Begins to open it again: at once, or as after a failed attempt. Under the lock.</summary>
    private Task<bool> Reopen()
    {
        if (_opening is { } opening)
            return opening;
        if (_lostInfants < MostLostInfants)
            return _opening = OpenAsync();
        LogAway(_logger, _resource, $"{_link.Description}: lost as soon as it is open: {_lastError}");
        _isAway = true;
        return _opening = RetryAsync();
    }

    /// <summary>One attempt; after a failed one others follow by themselves, in the background, until one succeeds.</summary>
    private async Task<bool> OpenAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding); // called under the lock
        try
        {
            var open = await LinkAttempt.RunAsync(_link, Options, _time, _stopping.Token);
            if (Opened(open))
                return true;
            await DisposeQuietlyAsync(open);
            return false;
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

    private bool Opened(IOpenLink open)
    {
        lock (_sync)
        {
            if (!_stopping.IsCancellationRequested)
            {
                _open = open;
                _opening = null;
                _isAway = _isIdle = _hasServed = false;
                _openedAt = _lastUsed = _time.GetTimestamp();
                Interlocked.Increment(ref _connects);
                LogOpened(_logger, _resource, _link.Description);
                return true;
            }
        }

        return false;
    }

    /// <summary>The device is away; what brings it back goes on in the background.</summary>
    private void Failed(Exception exception, Func<Task<bool>> recover)
    {
        lock (_sync)
        {
            if (!_isAway)
                LogAway(_logger, _resource, exception.Message);
            _isAway = true;
            _lastError = exception.Message;
            _opening = recover();
        }
    }

    private async Task<bool> RetryAsync()
    {
        var delay = _delay;
        _delay = TimeSpan.FromTicks(Math.Min(_delay.Ticks * 2, Options.MaxReconnectDelay.Ticks));
        try
        {
            await Task.Delay(delay, _time, _stopping.Token);
        }
        catch (OperationCanceledException)
        {
            return false;
        }

        return await OpenAsync();
    }

    private async Task<bool> DrainOnAsync(IOpenLink open)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding); // called under the lock
        if (await _drain.RunAsync(open, Options.ReplyTimeout, Timeout.InfiniteTimeSpan) == DrainResult.Silent)
        {
            lock (_sync)
            {
                _isAway = false;
                _opening = null;
            }

            Release();
            return true;
        }

        await CloseAsync(open);
        return await OpenAsync();
    }

    private void Forget(IOpenLink open, string why)
    {
        _open = null;
        _isTaken = false;
        Lost(why);
        _ = DisposeQuietlyAsync(open);
    }

    private void Lost(string why)
    {
        _lastError = why;
        _lostInfants = _hasServed || _time.GetElapsedTime(_openedAt) >= Infancy ? 0 : _lostInfants + 1;
        LogLost(_logger, _resource, _link.Description, why);
    }

    private async ValueTask CloseAsync(IOpenLink open)
    {
        lock (_sync)
        {
            if (_open == open)
                _open = null;
            _isTaken = false;
        }

        await DisposeQuietlyAsync(open);
    }

    private async Task DisposeQuietlyAsync(IOpenLink open)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding); // also called under the lock
        try
        {
            await open.DisposeAsync();
        }
        catch (Exception exception)
        {
            LogCloseFailed(_logger, _resource, _link.Description, exception);
        }
    }
}
