namespace SocketSync;

/// <summary>
/// A client in line that is told so (<see cref="ResourceOptions.Notice"/>). What it sends meanwhile is read and thrown away, the
/// bytes that put it in line included: nobody who sees a console answer nothing should later find his impatience typed into it.
/// </summary>
internal sealed partial class ClientConnection
{
    /// <summary>Runs while the client waits, and owns the reader until it is awaited.</summary>
    private Task? _discarding;

    private volatile bool _isInLine;
    private volatile bool _hasLeftLine;

    /// <summary>The client has its turn at last: what it sends from now on counts.</summary>
    async ValueTask IConversation.BeginAsync(CancellationToken cancellationToken)
    {
        if (_discarding is null)
            return;
        await EndDiscardingAsync();
        await _stream.SendNowAsync(WaitNotice.YourTurn, cancellationToken);
    }

    private void BeginNotice()
    {
        if (WaitNotice.Of(CurrentResource.Gate.GetPlace(_way.Turn)) is { } notice && !_stream.IsFlushing)
        {
            _stream.Write(notice);
            _stream.BeginFlush(); // not awaited: SendTimeout ends a client that does not take it
        }

        _hasLeftLine = false;
        _isInLine = true;
        _discarding = DiscardWhileInLineAsync();
    }

    /// <returns><see langword="false"/> if the client has gone.</returns>
    private bool EndNotice()
    {
        _isInLine = false;
        _stream.Wake();
        return !_hasLeftLine;
    }

    /// <summary>Nobody else reads after this; what came after the turn was granted is kept.</summary>
    private async ValueTask EndDiscardingAsync()
    {
        if (_discarding is not { } discarding)
            return;
        EndNotice();
        await discarding;
        _discarding = null;
    }

    /// <summary>
    /// A client that ends its stream in line leaves it, whatever <see cref="GateOptions.EndOfStream"/> says: nothing that it has
    /// sent is left to be served.
    /// </summary>
    private async Task DiscardWhileInLineAsync()
    {
        var reader = _stream.Reader;
        var gate = CurrentResource.Gate;
        var turn = _way.Turn;
        reader.Discard();
        while (_isInLine && !reader.IsCompleted)
        {
            if (!await reader.FillAsync())
                continue; // woken
            var length = reader.Unread.Length;
            reader.Discard();
            if (_work.Charge(WorkBudget.SystemCall + length))
                await Dispatcher.Yield();
        }

        if (!reader.IsCompleted)
            return;
        _hasLeftLine = true;
        gate.Leave(turn);
    }
}
