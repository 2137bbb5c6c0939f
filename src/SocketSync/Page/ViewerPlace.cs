using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;

namespace SocketSync;

/// <summary>
/// One viewer's place among few, held by a connection. Where no page has started on it in good time it is freed and the connection
/// is cut, else anybody could keep all viewers out with sockets that say nothing.
/// </summary>
internal sealed class ViewerPlace : IDisposable
{
    /// <summary>Ample for a slow line; scripts are loaded by then.</summary>
    public static readonly TimeSpan StartTime = TimeSpan.FromSeconds(10);

    private readonly Action _cut;
    private readonly Action _free;
    private readonly ITimer _timer;
    private int _state;

    public ViewerPlace(TimeProvider time, Action cut, Action free)
    {
        _cut = cut;
        _free = free;
        _timer = time.CreateTimer(static me => ((ViewerPlace)me!).Expire(), this, StartTime, Timeout.InfiniteTimeSpan);
    }

    private enum State
    {
        Waiting,
        Started,
        Freed,
    }

    /// <summary>A page has started: the place is its own until <see cref="Dispose"/>.</summary>
    public void Start()
    {
        if (Change(from: State.Waiting, to: State.Started))
            _timer.Dispose();
    }

    public void Dispose()
    {
        _timer.Dispose();
        if (Change(State.Waiting, State.Freed) || Change(State.Started, State.Freed))
            _free();
    }

    private void Expire()
    {
        if (!Change(State.Waiting, State.Freed))
            return;
        _free();
        _cut();
    }

    private bool Change(State from, State to) => Interlocked.CompareExchange(ref _state, (int)to, (int)from) == (int)from;
}

/// <summary>Sees a page start: it asks Blazor's hub for a circuit, or for one that it had before.</summary>
internal sealed class ViewerStart : IHubFilter
{
    public async ValueTask<object?> InvokeMethodAsync(HubInvocationContext invocationContext, Func<HubInvocationContext, ValueTask<object?>> next)
    {
        var result = await next(invocationContext);
        var isStarted = invocationContext.HubMethodName switch
        {
            "StartCircuit" or "ResumeCircuit" => result is not null, // its secret
            "ConnectCircuit" => result is true,
            _ => false,
        };
        if (isStarted)
            invocationContext.Context.GetHttpContext()?.Features.Get<ViewerPlace>()?.Start();
        return result;
    }
}
