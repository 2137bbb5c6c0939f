using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// This node's part in one resource: it waits for the lease, serves the resource for a term, and gives it up. Independent of Orleans
/// once it has been started: a term goes on when the silo restarts, and ends when the lease does.
/// </summary>
/// <param name="name">The resource's name.</param>
/// <param name="lease">The way to its lease.</param>
/// <param name="use">What the owners of all resources need.</param>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "A source without a timer holds nothing that needs to be disposed of.")]
internal sealed partial class ResourceOwner(string name, ResourceLease lease, OwnerParts use)
{
    /// <summary>After a processor could not be made, another node gets the chance to.</summary>
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private Task _running = Task.CompletedTask;
    private CancellationTokenSource? _acquiring;
    private TaskCompletionSource<Departure>? _departure;
    private long? _failedAt;

    /// <summary>Whether this node owns the resource, or will as soon as it may.</summary>
    public bool IsRunning
    {
        get
        {
            lock (_lock)
                return !_running.IsCompleted;
        }
    }

    /// <summary>Whether it has ever owned it.</summary>
    public bool HasHadTerms { get; private set; }

    /// <summary>Begins to wait for the lease, if this is not under way.</summary>
    public void Start()
    {
        lock (_lock)
        {
            if (!_running.IsCompleted || (_failedAt is { } failed && use.Time.GetElapsedTime(failed) < PauseAfterFailure))
                return;
            _acquiring = new();
            _departure = new();
            var (acquiring, departure) = (_acquiring, _departure.Task);
            _running = Task.Run(() => RunAsync(acquiring, departure));
            _running.Observe();
        }
    }

    /// <summary>Nobody is known to own the resource: if this node waits for its lease, it may find it free.</summary>
    public void LookNow() => lease.LookNow();

    /// <summary>Waits for the lease no more. A term that has begun goes on.</summary>
    public void StopAcquiring()
    {
        lock (_lock)
            _acquiring?.CancelInBackground();
    }

    /// <summary>
    /// Ends the term, if there is one: turns are finished within a time, then the lease is given up, so that another node can go on
    /// at once.
    /// </summary>
    /// <param name="drain">How long turns may take.</param>
    /// <param name="successor">The node that shall own the resource, if that is known.</param>
    public Task LeaveAsync(TimeSpan drain, string? successor)
    {
        lock (_lock)
        {
            _acquiring?.CancelInBackground();
            _departure?.TrySetResult(new(drain, successor));
            return _running;
        }
    }

    private async Task RunAsync(CancellationTokenSource acquiring, Task<Departure> departure)
    {
        LeaseTerm term;
        try
        {
            term = await lease.AcquireAsync(acquiring.Token);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        lock (_lock)
            _acquiring = null; // from here on it is not acquired but owned

        if (!TryBegin(term))
        {
            await term.ReleaseAsync();
            return;
        }

        try
        {
            var warned = WhenFired(term.Ending);
            await Task.WhenAny(warned, departure);
            if (departure.IsCompleted && !warned.IsCompleted)
                await LeaveAsync(term, await departure, warned);
            else
                await LoseAsync(term);
        }
        catch (Exception exception)
        {
            // A processor of the user's own that fails when it is disposed of: nobody knows what is left of it.
            term.Abandon();
            use.End.Now($"Resource {name}: its term could not be ended: {exception.Message.ReplaceLineEndings(" ")}");
        }
    }

    private bool TryBegin(LeaseTerm term)
    {
        try
        {
            use.Terms.Begin(name, term);
            use.Voice.Begin(name, term.Epoch);
            HasHadTerms = true;
            return true;
        }
        catch (Exception exception)
        {
            // Whatever the constructor of a user's own processor throws: the others get their chance.
            _failedAt = use.Time.GetTimestamp();
            LogCannotServe(use.Logger, name, exception.Message.ReplaceLineEndings(" "));
            return false;
        }
    }

    private async Task LeaveAsync(LeaseTerm term, Departure departure, Task warned)
    {
        use.Voice.Leave(name, term.Epoch, departure.Successor);
        if (departure.Drain > TimeSpan.Zero)
        {
            await Task.WhenAny(use.Terms.DrainAsync(name, departure.Drain), warned);
            if (warned.IsCompleted)
            {
                await LoseAsync(term);
                return;
            }
        }

        use.Terms.Cancel(name);
        if (await use.Terms.EndAsync(name, use.Grace))
            await term.ReleaseAsync();
        else
            StillInside();
        use.Voice.End(name, term.Epoch);
    }

    private async Task LoseAsync(LeaseTerm term)
    {
        // Its clients are told now, while the link is still there: the reply of the turn in hand may yet come.
        use.Terms.Cancel(name);
        await WhenFired(term.Ended);
        var end = use.Terms.EndAsync(name, use.Grace);
        use.Voice.End(name, term.Epoch);
        if (!await end)
            StillInside();
    }

    private static Task WhenFired(CancellationToken token)
    {
        var fired = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        token.Register(static state => ((TaskCompletionSource)state!).TrySetResult(), fired);
        return fired.Task;
    }

    private void StillInside() =>
        use.End.Now($"Resource {name}: its term is over, and its processor is still inside; only the end of the process stops it");

    [LoggerMessage(430, LogLevel.Error, "Resource {Resource} cannot be served by this node: {Reason}")]
    private static partial void LogCannotServe(ILogger logger, string resource, string reason);

    private sealed record Departure(TimeSpan Drain, string? Successor);
}

/// <summary>What the owners of all resources need.</summary>
/// <param name="Terms">Begins and ends this node's use of a resource.</param>
/// <param name="Voice">Tells the other nodes.</param>
/// <param name="End">Ends the process.</param>
/// <param name="Grace">How long a processor may take to return, once its term is over.</param>
/// <param name="Time">Measures it.</param>
/// <param name="Logger">The log.</param>
internal sealed record OwnerParts(ResourceTerms Terms, NodeVoice Voice, ProcessEnd End, TimeSpan Grace, TimeProvider Time, ILogger Logger);
