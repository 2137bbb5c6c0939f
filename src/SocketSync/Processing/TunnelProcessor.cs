using System.Buffers;

namespace SocketSync;

/// <summary>
/// Passes bytes both ways for as long as a client has the turn. The end of the client's stream is passed on; the device then has
/// ReplyTimeout to finish. The end of the device's stream closes the client. Afterwards the link is retired.
/// </summary>
internal sealed class TunnelProcessor : IRequestProcessor, IResourceRecovery, ILinkedProcessor, IAsyncDisposable
{
    private readonly TimeProvider _time;

    public TunnelProcessor(LinkManager manager, TimeProvider time)
    {
        Manager = manager;
        _time = time;
    }

    public LinkManager Manager { get; }

    public bool NeedsRecovery { get; private set; }

    public async ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken)
    {
        context.ClosesClient = true;
        var client = context.EnterClient(out var turnIsOver);
        try
        {
            if (await Manager.TakeAsync(context.Work, cancellationToken) is not { } link)
            {
                context.Outcome = Outcome.Unavailable;
                return;
            }

            NeedsRecovery = true;
            if (!context.TryGuard(() => CutUnfinished(link)))
                return;
            context.BeginLine(link);
            using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, turnIsOver);
            await client.BeginAsync(end.Token);
            await PassAsync(context, client, link, end);
            if (link.HasUnfinishedWrite)
                await Manager.CutAsync(); // before the client is told, and before the next one could have it
        }
        finally
        {
            context.EndLine();
            context.LeaveClient();
        }
    }

    /// <summary>What the device still sends is not for the next client.</summary>
    public ValueTask RecoverAsync()
    {
        NeedsRecovery = false;
        return Manager.RetireAsync();
    }

    public ValueTask DisposeAsync() => Manager.DisposeAsync();

    /// <summary>Passes bytes both ways, until both directions have ended. Neither leaves a pending read or an unobserved exception.</summary>
    private async Task PassAsync(RequestContext context, IConversation client, IOpenLink link, CancellationTokenSource end)
    {
        var toClient = PassBackAsync(link, client, context.Work, end.Token);
        var toDevice = PassOnAsync(context.Request, client, link, context.Work, end.Token);
        try
        {
            await Task.WhenAny(toClient, toDevice);
            if (!toClient.IsCompleted)
                await Task.WhenAny(toClient, Task.Delay(Manager.Options.ReplyTimeout, _time, end.Token));
        }
        finally
        {
            await end.CancelAsync();
            await Task.WhenAll(toClient, toDevice);
        }
    }

    /// <summary>The tunnel's time is over: what the device has not taken by now is never sent.</summary>
    private void CutUnfinished(IOpenLink link)
    {
        if (link.HasUnfinishedWrite)
            Manager.CutAsync().AsTask().Observe();
    }

    private static async Task PassOnAsync(
        ReadOnlySequence<byte> first, IConversation client, IOpenLink link, WorkBudget work, CancellationToken cancellationToken)
    {
        var received = new PooledBuffer();
        try
        {
            received.Set(first); // empty if it came in line and was thrown away
            while (received.Length > 0 || await client.ReceiveAsync(received, cancellationToken))
            {
                link.Output.Write(received.Written.Span);
                if ((await link.Output.FlushAsync(cancellationToken)).IsCompleted)
                    return;
                if (work.Charge(WorkBudget.SystemCall + received.Length))
                    await Dispatcher.Yield();
                received.Clear();
            }

            var ending = link.Output.CompleteAsync().AsTask();
            ending.Forget();
            await ending.WaitAsync(cancellationToken);
        }
        catch (Exception exception) when (LinkException.IsLoss(exception))
        {
            // The other direction sees it too, or the turn is over.
        }
        finally
        {
            received.Clear();
        }
    }

    private static async Task PassBackAsync(IOpenLink link, IConversation client, WorkBudget work, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var result = await link.Input.ReadAsync(cancellationToken);
                try
                {
                    foreach (var segment in result.Buffer)
                    {
                        await client.SendAsync(segment, cancellationToken);
                        if (work.Charge(WorkBudget.SystemCall + segment.Length))
                            await Dispatcher.Yield();
                    }
                }
                finally
                {
                    // Also if the turn is cut because the client takes nothing: the link is read again after this turn.
                    link.Input.AdvanceTo(result.Buffer.End);
                }

                if (result.IsCompleted)
                    return;
            }
        }
        catch (Exception exception) when (LinkException.IsLoss(exception))
        {
            // The device, or the turn, is gone.
        }
    }
}
