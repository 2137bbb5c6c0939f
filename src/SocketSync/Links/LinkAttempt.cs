namespace SocketSync;

/// <summary>One attempt to open a link: within ConnectTimeout, and with the silence that the device wants afterwards.</summary>
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
