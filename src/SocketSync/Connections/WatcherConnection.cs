using System.Buffers;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// A client that watches (<see cref="ListenerRole.Watcher"/>): is sent what the device says, and can say nothing to it. It takes no
/// turn, and the end of its stream is its leaving.
/// </summary>
internal sealed partial class WatcherConnection : IServedConnection, IDisposable
{
    private readonly SharedResource _resource;
    private readonly ClientStream _stream;
    private readonly DeviceWatch _watch;
    private readonly WatcherFeed _watcher;
    private readonly ILogger _logger;
    private readonly WorkBudget _work = new();
    private int _hasLeft;

    /// <param name="connection">The client's connection.</param>
    /// <param name="client">The client.</param>
    /// <param name="listener">A listener with the role Watcher, whose one resource is watched.</param>
    /// <param name="time">Measures SendTimeout.</param>
    /// <param name="logger">Is told from when on the client watches.</param>
    public WatcherConnection(ConnectionContext connection, Client client, ListenerState listener, TimeProvider time, ILogger logger)
    {
        Client = client;
        _logger = logger;
        _resource = listener.Routes[0].Resource;
        _stream = new ClientStream(connection, listener, new WorkBudget(), time);
        _watch = _resource.Watch ?? throw new InvalidOperationException("The resource has no watch.");
        _watcher = new WatcherFeed(listener.Options.Both, CloseSlow);
    }

    public Client Client { get; }

    /// <summary>A watcher asks for nothing.</summary>
    public long Requests => 0;

    /// <summary>Nor does it wait.</summary>
    public bool IsWaiting => false;

    /// <summary>Serves the client until it leaves, is too slow, or has to be closed.</summary>
    public async Task RunAsync()
    {
        var discarding = Task.CompletedTask;
        try
        {
            _watch.Join(_watcher); // first: sees all from now on
            LogWatches(_logger, Client.Listener, Client.Id, _resource.Name);
            await Dispatcher.LeaveIoThread();
            if (Volatile.Read(ref _hasLeft) == 1)
                _watch.Leave(_watcher); // it was drained meanwhile
            discarding = DiscardAsync();
            await SendAsync();
            Leave();
            _stream.Wake();
            await discarding;
            await _stream.CloseAsync();
        }
        catch (Exception exception) when (ClientDeparture.IsDeparture(exception))
        {
            // The client is gone.
        }
        finally
        {
            Leave();
            _stream.Wake();
            await discarding;
        }
    }

    public void Drain() => Leave();

    public void Close() => Leave();

    public void Dispose() => _stream.Dispose();

    /// <summary>Sends what the device says until there is nothing more, or the client takes nothing more.</summary>
    private async Task SendAsync()
    {
        while (true)
        {
            var result = await _watcher.Unsent.ReadAsync();
            var length = result.Buffer.Length;
            _stream.Write(result.Buffer);
            _watcher.Unsent.AdvanceTo(result.Buffer.End);
            if (!await _stream.FlushAsync() || result.IsCompleted)
                return;
            if (_work.Charge(WorkBudget.SystemCall + length))
                await Dispatcher.Yield();
        }
    }

    /// <summary>Reads and throws away what the client sends, until it ends its stream or is left.</summary>
    private async Task DiscardAsync()
    {
        var reader = _stream.Reader;
        var work = new WorkBudget();
        while (Volatile.Read(ref _hasLeft) == 0 && !reader.IsCompleted)
        {
            await reader.FillAsync();
            var length = reader.Unread.Length;
            reader.Discard();
            if (work.Charge(WorkBudget.SystemCall + length))
                await Dispatcher.Yield();
        }

        Leave();
    }

    private void Leave()
    {
        if (Interlocked.Exchange(ref _hasLeft, 1) == 1)
            return;
        _watch.Leave(_watcher);
        _watcher.End();
    }

    private void CloseSlow()
    {
        _resource.Log.WatcherWasSlow(Client);
        _stream.Abort("The watcher did not keep up with the device.");
    }

    [LoggerMessage(562, LogLevel.Debug, "Listener {Listener}: {ConnectionId} watches {Resource}")]
    private static partial void LogWatches(ILogger logger, string listener, string connectionId, string resource);
}
