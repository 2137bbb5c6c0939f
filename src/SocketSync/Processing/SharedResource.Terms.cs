namespace SocketSync;

/// <summary>The terms in which this node uses a resource that several nodes share. One that is not shared is used without.</summary>
internal sealed partial class SharedResource
{
    private volatile Term? _term;

    /// <summary>Whether several nodes share it, of which one at a time owns it: it is served here during a term only.</summary>
    public bool MovesBetweenNodes { get; init; }

    /// <summary>This node's right to use it, if several nodes share it and this one is the owner.</summary>
    public Term? Term => _term;

    /// <summary>Whether its clients are served here. One that asks for it elsewhere is told so, and closed: it would ask in vain for ever.</summary>
    public bool IsServedHere => !MovesBetweenNodes || _term is { IsValid: true };

    /// <summary>This node owns the resource from now on. Its gate was closed until now.</summary>
    public void BeginTerm(IRequestProcessor processor, Term term)
    {
        Start(processor);
        _term = term;
        Gate.Open();
    }

    /// <summary>This node's term is over. The gate stays closed until the next one.</summary>
    /// <param name="grace">How long the processor may take to return, after its turn was cancelled.</param>
    /// <param name="time">Measures it.</param>
    /// <returns><see langword="false"/> if the processor has not returned; it is not disposed of, and no other term may begin.</returns>
    public async Task<bool> EndTermAsync(TimeSpan grace, TimeProvider time)
    {
        Gate.Close();
        var start = time.GetTimestamp();
        var isCut = false;
        while (Gate.GetStatus().Holder is not null)
        {
            if (time.GetElapsedTime(start) >= grace)
            {
                if (isCut || Link is not { } link)
                    return false;
                await link.DisposeAsync(); // a turn that waits for its device ends by this
                isCut = true;
                start = time.GetTimestamp();
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), time);
        }

        await DisposeProcessorAsync();
        _linked = null;
        _cache = null;
        _term = null;
        return true;
    }
}
