namespace SocketSync;

internal enum DrainResult
{
    /// <summary>Nothing came for long enough: what comes now was asked for.</summary>
    Silent,

    /// <summary>It never fell silent within the limit.</summary>
    Noisy,

    /// <summary>The link was lost meanwhile, or the drain was ended.</summary>
    Lost,
}

/// <summary>Empties a line on which late bytes survive closing and opening.</summary>
internal sealed class LinkDrain(TimeProvider time, Action<long> countDiscarded, CancellationToken stopping)
{
    private readonly WorkBudget _work = new();

    /// <summary>Discards what comes until nothing has come for <paramref name="silence"/>.</summary>
    /// <param name="open">A link that is the caller's to read.</param>
    /// <param name="silence">How long nothing must come.</param>
    /// <param name="limit">How long that is waited for.</param>
    /// <param name="cancellationToken">Ends it; nothing is being read then.</param>
    public async Task<DrainResult> RunAsync(IOpenLink open, TimeSpan silence, TimeSpan limit, CancellationToken cancellationToken)
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
                    return DrainResult.Lost;
                var result = await open.Input.ReadAsync(CancellationToken.None);
                var count = result.Buffer.Length;
                open.Input.AdvanceTo(result.Buffer.End);
                countDiscarded(count);
                if (result.IsCompleted)
                    return DrainResult.Lost;
                if (count > 0)
                    deadline.Set(silence);
                else if (deadline.Passed)
                    return DrainResult.Silent;
                if (_work.Charge(WorkBudget.SystemCall + count))
                    await WorkBudget.GiveWay();
            }

            return DrainResult.Noisy;
        }
        catch (Exception exception) when (LinkKeeper.IsLoss(exception))
        {
            return DrainResult.Lost;
        }
    }
}
