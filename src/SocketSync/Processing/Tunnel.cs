using System.Buffers;

namespace SocketSync;

/// <summary>
/// Passes bytes both ways for as long as a client holds the turn. The end of the client's stream is passed on, and the device
/// then has ReplyTimeout to finish; the end of the device's closes the client. Afterwards the link is retired.
/// </summary>
internal sealed class Tunnel : IRequestProcessor, IResourceRecovery, ILinkedProcessor, IAsyncDisposable
{
    private readonly TimeProvider _time;

    public Tunnel(LinkKeeper keeper, TimeProvider time)
    {
        Keeper = keeper;
        _time = time;
    }

    public LinkKeeper Keeper { get; }

    public bool NeedsRecovery { get; private set; }

    public async ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken)
    {
        context.ClosesClient = true;
        var client = context.EnterClient(out var turnIsOver);
        try
        {
            if (await Keeper.TakeAsync(context.Work, cancellationToken) is not { } link)
            {
                context.Outcome = Outcome.Unavailable;
                return;
            }

            NeedsRecovery = true;
            if (!context.TryGuard(() => CutUnfinished(link)))
                return;
            using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, turnIsOver);
            await PassAsync(context, client, link, end);
            if (link.HasUnfinishedWrite)
                await Keeper.CutAsync(); // before the client is told, and before the next one could have it
        }
        finally
        {
            context.LeaveClient();
        }
    }

    /// <summary>What the device still has to say is not for the next client.</summary>
    public ValueTask RecoverAsync()
    {
        NeedsRecovery = false;
        return Keeper.RetireAsync();
    }

    public ValueTask DisposeAsync() => Keeper.DisposeAsync();

    /// <summary>Both ways, until both have ended; neither leaves a read that was not given back, nor an exception unseen.</summary>
    private async Task PassAsync(RequestContext context, IConversation client, IOpenLink link, CancellationTokenSource end)
    {
        var toClient = PassBackAsync(link, client, context.Work, end.Token);
        var toDevice = PassOnAsync(context.Request, client, link, context.Work, end.Token);
        try
        {
            await Task.WhenAny(toClient, toDevice);
            if (!toClient.IsCompleted)
                await Task.WhenAny(toClient, Task.Delay(Keeper.Options.ReplyTimeout, _time, end.Token));
        }
        finally
        {
            await end.CancelAsync();
            await Task.WhenAll(toClient, toDevice);
        }
    }

    /// <summary>The tunnel's time is over: what its client has sent and the device has not taken by now is not sent any more.</summary>
    private void CutUnfinished(IOpenLink link)
    {
        if (link.HasUnfinishedWrite)
            _ = Keeper.CutAsync().AsTask();
    }

    private static async Task PassOnAsync(
        ReadOnlySequence<byte> first, IConversation client, IOpenLink link, WorkBudget work, CancellationToken cancellationToken)
    {
        var received = new PooledBuffer();
        try
        {
            received.Set(first);
            do
            {
                link.Output.Write(received.Written.Span);
                if ((await link.Output.FlushAsync(cancellationToken)).IsCompleted)
                    return;
                if (work.Charge(WorkBudget.SystemCall + received.Length))
                    await WorkBudget.GiveWay();
            }
            while (await client.ReceiveAsync(received, cancellationToken));

            await link.Output.CompleteAsync().AsTask().WaitAsync(cancellationToken);
        }
        catch (Exception exception) when (LinkKeeper.IsLoss(exception))
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
                            await WorkBudget.GiveWay();
                    }
                }
                finally
                {
                    // Also where the client takes nothing and the turn is cut there: the link is read again after this one.
                    link.Input.AdvanceTo(result.Buffer.End);
                }

                if (result.IsCompleted)
                    return;
            }
        }
        catch (Exception exception) when (LinkKeeper.IsLoss(exception))
        {
            // The device, or the turn, is gone.
        }
    }
}
