namespace SocketSync;

internal enum DrainResult
{
    /// <summary>Nothing came for long enough: what comes now was asked for.</summary>
    Silent,

    /// <summary>It never fell silent within the limit.</summary>
    Noisy,

    /// <summary>The link was lost meanwhile.</summary>
    Lost,
}

/// <summary>Empties a line on which late bytes survive closing and opening.</summary>
internal sealed class LinkDrain(TimeProvider time, Action<long> countDiscarded, CancellationToken stopping)
{
    /// <summary>Discards what comes until nothing has come for <paramref name="silence"/>.</summary>
    public async Task<DrainResult> RunAsync(IOpenLink open, TimeSpan silence, TimeSpan limit)
    {
        var start = time.GetTimestamp();
        using var deadline = new Deadline(time, open.Input.CancelPendingRead);
        try
        {
            while (limit == Timeout.InfiniteTimeSpan || time.GetElapsedTime(start) < limit)
            {
                if (stopping.IsCancellationRequested)
                    return DrainResult.Lost;
                deadline.Set(silence);
                var result = await open.Input.ReadAsync();
                countDiscarded(result.Buffer.Length);
                open.Input.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                    return DrainResult.Lost;
                if (result.Buffer.IsEmpty && deadline.Passed)
                    return DrainResult.Silent;
            }

            return DrainResult.Noisy;
        }
        catch (Exception exception) when (LinkKeeper.IsLoss(exception))
        {
            return DrainResult.Lost;
        }
    }
}
