namespace SocketSync;

/// <summary>How a link is made fit for the next turn: late bytes must not be taken for the next reply.</summary>
internal sealed partial class LinkManager
{
    /// <summary>A line that has not fallen silent by then is down until it does.</summary>
    private TimeSpan PurgeLimit => 4 * Options.ReplyTimeout;

    private string NotSilent => $"{_link.Description}: the line does not fall silent";

    /// <summary>
    /// The turn is over, and late bytes may come on its link, or the link is gone. It is reopened or, if reopening does not help,
    /// purged until it is silent. Throws nothing.
    /// </summary>
    /// <param name="lost">The reason, if the device or the way to it has ended the link.</param>
    /// <param name="silence">How long the line must be silent, if that is longer than ReplyTimeout.</param>
    public async ValueTask RetireAsync(string? lost = null, TimeSpan silence = default)
    {
        IOpenLink? open;
        lock (_sync)
            open = _state == LinkState.Taken ? _open : null;
        try
        {
            if (open is not null && lost is null && _link.KeepsLateBytes && !open.HasUnfinishedWrite)
            {
                if (await PurgeAsync(open, silence))
                    return;
            }
            else if (open is not null)
            {
                await CloseTakenAsync(open, lost);
            }

            await ReopenAsync(lost);
        }
        catch (Exception exception) when (LinkException.IsLoss(exception))
        {
            await CutAsync(); // the host stops
        }
    }

    /// <summary>
    /// In a turn that has the link: discards the late reply to an earlier request, until the line has been silent for
    /// <paramref name="silence"/>. A line that does not fall silent is down until it does.
    /// </summary>
    /// <returns>Whether the turn still has the link.</returns>
    public async ValueTask<bool> AwaitSilenceAsync(IOpenLink open, TimeSpan silence, CancellationToken cancellationToken)
    {
        switch (await PurgeInTurnAsync(open, silence, cancellationToken))
        {
            case PurgeResult.Silent:
                return BecomeInTurn(LinkState.Purging, LinkState.Taken, open);
            case PurgeResult.Noisy:
                GoDownUntilSilent(open);
                return false;
            default:
                if (cancellationToken.IsCancellationRequested)
                {
                    ReleaseUnused();
                    throw new OperationCanceledException(cancellationToken);
                }

                await CloseTakenAsync(open, UnaskedInput.ClosedByDevice);
                return false;
        }
    }

    /// <summary>Purges the line of a turn. However it ends, the line is not left as one that nobody may use.</summary>
    private async ValueTask<PurgeResult> PurgeInTurnAsync(IOpenLink open, TimeSpan silence, CancellationToken cancellationToken)
    {
        BecomeInTurn(LinkState.Taken, LinkState.Purging, open);
        try
        {
            return await _purge.RunAsync(open, silence, PurgeLimit, cancellationToken);
        }
        catch
        {
            await CloseTakenAsync(open, lost: null); // a bug; the line is silent before anybody has it again
            throw;
        }
    }

    /// <returns>Whether the turn still has the link; else it was cut, or the host stops.</returns>
    private bool BecomeInTurn(LinkState from, LinkState to, IOpenLink open)
    {
        lock (_sync)
        {
            if (_state != from || _open != open)
                return false;
            Become(to);
            return true;
        }
    }

    /// <summary>Purges the line that a turn has had.</summary>
    /// <returns>Whether the line is in order, or will be; else it is closed.</returns>
    private async Task<bool> PurgeAsync(IOpenLink open, TimeSpan silence)
    {
        if (silence < Options.ReplyTimeout)
            silence = Options.ReplyTimeout;
        switch (await PurgeInTurnAsync(open, silence, _stopping.Token))
        {
            case PurgeResult.Silent:
                Release();
                return true;
            case PurgeResult.Noisy:
                return GoDownUntilSilent(open);
            default:
                await CloseTakenAsync(open, UnaskedInput.ClosedByDevice);
                return false;
        }
    }

    /// <summary>The line does not fall silent: nobody is served until it does.</summary>
    /// <returns><see langword="false"/> if the turn had lost the line already, and nothing was changed.</returns>
    private bool GoDownUntilSilent(IOpenLink open)
    {
        lock (_sync)
        {
            if (_open != open)
                return false;
            TakeOut(LinkState.Down, mayHoldLateBytes: true);
            _log.Away(NotSilent);
            Remember(NotSilent);
            SetOpening(PurgeUntilSilentAsync(open));
        }

        _log.Flush();
        return true;
    }

    private async Task<bool> PurgeUntilSilentAsync(IOpenLink open)
    {
        await Dispatcher.HopToPool(); // called under the lock
        if (await _purge.RunAsync(open, Options.ReplyTimeout, Timeout.InfiniteTimeSpan, _stopping.Token) == PurgeResult.Silent)
            return Opened(open, isNew: false);
        await CloseAsync(open);
        return await OpenAsync(TimeSpan.Zero);
    }

    /// <summary>A line that was closed while bytes could still come must be silent before a turn gets it.</summary>
    private async Task<bool> IsSilentAsync(IOpenLink open)
    {
        if (!_link.KeepsLateBytes)
            return true;
        lock (_sync)
        {
            if (!_mayHoldLateBytes)
                return true;
        }

        switch (await _purge.RunAsync(open, Options.ReplyTimeout, PurgeLimit, _stopping.Token))
        {
            case PurgeResult.Silent:
                return true;
            case PurgeResult.Noisy:
                GoDown(NotSilent, () => PurgeUntilSilentAsync(open));
                return false;
            default:
                await CloseAsync(open);
                _stopping.Token.ThrowIfCancellationRequested();
                throw new LinkException($"{_link.Description}: {UnaskedInput.ClosedByDevice}");
        }
    }
}
