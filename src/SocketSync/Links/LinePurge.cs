namespace SocketSync;

internal enum PurgeResult
{
    /// <summary>Nothing came for long enough: what comes from now on was asked for.</summary>
    Silent,

    /// <summary>The line did not fall silent within the limit.</summary>
    Noisy,

    /// <summary>The link was lost meanwhile, or the purge was ended.</summary>
    Lost,
}

/// <summary>Empties a line on which late bytes survive closing and reopening it.</summary>
internal sealed class LinePurge(TimeProvider time, Action<long> countDiscarded, CancellationToken stopping)
{
    private readonly WorkBudget _work = new();

    /// <summary>Discards what comes, until nothing has come for <paramref name="silence"/>.</summary>
    /// <param name="open">A link that the caller may read.</param>
    /// <param name="silence">How long nothing may come.</param>
    /// <param name="limit">How long to wait for that.</param>
    /// <param name="cancellationToken">Ends the purge; no read is pending then.</param>
    public async Task<PurgeResult> RunAsync(IOpenLink open, TimeSpan silence, TimeSpan limit, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        using var deadline = new Deadline(time, open.Input.CancelPendingRead);
        using var cancelled = cancellationToken.UnsafeRegister(static input => ((System.IO.Pipelines.PipeReader)input!).CancelPendingRead(), open.Input);
        try
        {
            deadline.Set(silence);
            while (limit == Timeout.InfiniteTimeSpan || time.GetElapsedTime(start) < limit)
            {
                if (stopping.IsCancellationRequested || cancellationToken.IsCancellationRequested)
                    return PurgeResult.Lost;
                var result = await open.Input.ReadAsync(CancellationToken.None);
                var count = result.Buffer.Length;
                open.Input.AdvanceTo(result.Buffer.End);
                countDiscarded(count);
                if (result.IsCompleted)
                    return PurgeResult.Lost;
                if (count > 0)
                    deadline.Set(silence);
                else if (deadline.Passed)
                    return PurgeResult.Silent;
                if (_work.Charge(WorkBudget.SystemCall + count))
                    await Dispatcher.Yield();
            }

            return PurgeResult.Noisy;
        }
        catch (Exception exception) when (LinkException.IsLoss(exception))
        {
            return PurgeResult.Lost;
        }
    }
}

/// <summary>What a device has sent when nobody had asked.</summary>
internal static class UnaskedInput
{
    public const string ClosedByDevice = "the device has closed the link";

    /// <summary>
    /// Discards what has come by now. It does not wait, and discards no more than the link reads ahead, so that a device that
    /// goes on sending holds nobody up.
    /// </summary>
    /// <param name="open">A link that the caller may read.</param>
    /// <param name="ended">Why the link has ended; <see langword="null"/> if it has not.</param>
    /// <returns>How many bytes; 0 if there were none, or the link has ended.</returns>
    public static long Discard(IOpenLink open, out string? ended)
    {
        ended = null;
        try
        {
            var isAllRead = open.TryReadAhead();
            if (!open.Input.TryRead(out var result))
            {
                ended = !isAllRead && open.IsEnded ? ClosedByDevice : null;
                return 0;
            }

            var count = result.Buffer.Length;
            open.Input.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
                ended = ClosedByDevice;
            else if (count == 0)
                return Discard(open, out ended); // a late CancelPendingRead; there is only one
            return count;
        }
        catch (Exception exception) when (LinkException.IsLoss(exception))
        {
            ended = exception.Message;
            return 0;
        }
    }
}
