using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// Serves one client in a loop: read a request, take a turn, process, end the turn, send the reply. Replies are flushed when no
/// further request of the same batch can be served at once.
/// </summary>
internal sealed partial class ClientConnection : IServedConnection, IResourceClient, IConversation, IDisposable
{
    /// <summary>Unflushed replies are flushed above this size in bytes, however many requests the client has pipelined.</summary>
    private const int FlushAt = 32 * 1024;

    private readonly bool _isOnIoThread;
    private readonly ListenerState _listener;
    private readonly ClientStream _stream;
    private readonly ClientDeparture _departure;
    private readonly ClientAccess _access;
    private readonly LineServer? _line;
    private readonly ILogger _logger;
    private readonly Action _onLeaseLost;
    private readonly WorkBudget _work = new();
    private readonly RouteState[] _routes;
    private volatile bool _isDraining;
    private long _requests;

    /// <summary>The way of the current request, or of the last one.</summary>
    private RouteState _way;

    /// <summary>Whether to yield to other work of this thread before the client's next request (<see cref="Dispatcher"/>, rule 2).</summary>
    private bool _mustYield;

    public ClientConnection(ConnectionContext connection, Client client, ListenerState listener, TimeProvider time, ILogger<ClientConnection> logger)
    {
        Client = client;
        _listener = listener;
        _isOnIoThread = connection.Features.Get<RelayedStream>() is { } relayed ? !relayed.IsEncrypted : listener.Options.Tls is null;
        _logger = logger;
        _stream = new ClientStream(connection, listener, _work, time);
        _departure = new ClientDeparture(connection);
        _access = new ClientAccess(client, listener.Options.Protocol ?? new());
        _line = connection.Features.Get<LineServer>();
        _onLeaseLost = _stream.Wake;
        _routes = [.. listener.Routes.Select(route => new RouteState(route, NewTurn()))];
        _way = _routes[0];
    }

    public Client Client { get; }

    /// <summary>How many complete requests the client has sent.</summary>
    public long Requests => Volatile.Read(ref _requests);

    /// <summary>Whether a request of the client waits in the queue.</summary>
    public bool IsWaiting => _way.Turn.State == TurnState.Waiting;

    /// <summary>Serves the client until it disconnects or has to be closed.</summary>
    public async Task RunAsync()
    {
        LogConnected(_logger, _listener.Name, Client.Id, Client.RemoteEndPoint);
        try
        {
            if (_isOnIoThread)
                await Dispatcher.SwitchToIoThread();
            await ServeAsync();
            await _stream.CloseAsync();
        }
        catch (Exception exception) when (ClientDeparture.IsDeparture(exception))
        {
            // The client is gone.
        }
        finally
        {
            foreach (var way in _routes)
                way.Route.Resource.Gate.Leave(way.Turn);
            LogDisconnected(_logger, _listener.Name, Client.Id);
        }
    }

    /// <summary>Begins a graceful shutdown: the current request is finished and answered, no further one is started.</summary>
    public void Drain()
    {
        _isDraining = true;
        _stream.Wake();
    }

    /// <summary>Closes the client at an operator's request: cancels its turn or lease; a queued request is not processed.</summary>
    public void Close()
    {
        _isDraining = true;
        foreach (var way in _routes)
            way.Route.Resource.Gate.Evict(way.Turn);
        _stream.Wake();
    }

    public void Dispose() => _stream.Dispose();

    void IConversation.BeginLine(SerialTerminal line) => _line?.BeginTurn(line);

    void IConversation.EndLine() => _line?.EndTurn();

    ValueTask IConversation.SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        _way.Context!.SentBytes += bytes.Length;
        if (Telemetry.IsTraced)
            _way.Turn.Payload = Telemetry.Replied(Client, new(bytes), _way.Turn.Payload);
        return _stream.SendNowAsync(bytes, cancellationToken);
    }

    async ValueTask<bool> IConversation.ReceiveAsync(PooledBuffer request, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (!await _stream.ReceiveNowAsync(request, cancellationToken))
                return false;
            if (CurrentResource.Access is not { } access || _access.RefusalOf(access, new(request.Written)) is not { } denied)
                break;
            if (!await TellInTurnAsync(denied, request, cancellationToken))
                return false;
        }

        _way.Context!.ReceivedBytes += request.Length;
        if (Telemetry.IsTraced)
            _way.Turn.Payload = Telemetry.Requested(Client, new(request.Written), _way.Turn.Payload);
        return true;
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            if (HasLostLease())
            {
                Tell(Outcome.Timeout, default);
                _stream.LingerAtEnd();
                return;
            }

            if (_isDraining)
                return;

            if (_mustYield)
            {
                _mustYield = false;
                if (!await _stream.FlushAsync())
                    return;
                await Dispatcher.Yield();
                continue;
            }

            switch (_stream.Reader.Find())
            {
                case FrameStatus.Complete when !TrySelectWay():
                    if (!RefuseLost())
                        return;
                    break;

                case FrameStatus.Complete:
                    var serving = BeginRequest();
                    var outcome = serving.IsCompletedSuccessfully && !IsMoreUnderWay ? OutcomeAtOnce(serving.Result) : await AwaitOutcomeAsync(serving);
                    if (outcome == Outcome.Abandoned || !Reply(outcome))
                        return;
                    if (_stream.Output.UnflushedBytes > FlushAt && !await _stream.FlushAsync())
                        return;
                    break;

                case FrameStatus.Incomplete:
                    if (!await _stream.FlushAsync())
                        return;
                    if (_stream.Reader.HasUnread)
                        TouchLeases();
                    if (!GoesOn(await _stream.FillAsync()))
                        return;
                    break;

                case FrameStatus.TooLarge:
                    RefuseStream(Outcome.TooLarge);
                    return;

                default:
                    RefuseStream(Outcome.Malformed);
                    return;
            }
        }
    }

    /// <returns><see langword="false"/> if there is nothing more to serve.</returns>
    private bool GoesOn(FillResult fill)
    {
        switch (fill)
        {
            case FillResult.Filled or FillResult.Woken:
                _arrivedAt = null;
                _mustYield |= _work.Charge(WorkBudget.SystemCall);
                return true;

            case FillResult.TooSlow or FillResult.EndedInside:
                LogMalformed(_logger, _listener.Name, Client.Id, _stream.Reader.Unread.Length);
                CurrentRoute.Count(Outcome.Malformed, Client);
                return false;

            default:
                return false;
        }
    }

    /// <returns><see langword="false"/> if nothing was written; closing the connection then signals the error.</returns>
    private bool Tell(Outcome outcome, in ReadOnlySequence<byte> request)
    {
        if (CurrentRoute.OnError == OnError.Reply && _listener.Protocol.TryWriteError(outcome, request, _stream.Output))
            return true;
        _stream.LingerAtEnd();
        return false;
    }

    /// <summary>Reports why request framing is lost in the client's stream; the caller then closes the connection.</summary>
    private void RefuseStream(Outcome outcome)
    {
        LogMalformed(_logger, _listener.Name, Client.Id, _stream.Reader.Unread.Length);
        CurrentRoute.Count(outcome, Client);
        Tell(outcome, _stream.Reader.Unread);
        _stream.LingerAtEnd();
    }

    /// <summary>How many bytes of a request are logged, always as hex, never as text.</summary>
    private const int MaxLoggedBytes = 64;

    private string Hex(in ReadOnlySequence<byte> bytes) =>
        _logger.IsEnabled(LogLevel.Debug) ? Convert.ToHexString(bytes.Slice(0, Math.Min(bytes.Length, MaxLoggedBytes)).ToArray()) : "";

    [LoggerMessage(100, LogLevel.Debug, "Listener {Listener}: {ConnectionId} connected from {RemoteEndPoint}")]
    private static partial void LogConnected(ILogger logger, string listener, string connectionId, EndPoint? remoteEndPoint);

    [LoggerMessage(101, LogLevel.Debug, "Listener {Listener}: {ConnectionId} disconnected")]
    private static partial void LogDisconnected(ILogger logger, string listener, string connectionId);

    [LoggerMessage(102, LogLevel.Debug, "{ConnectionId}: request of {Length} bytes: {Hex}", SkipEnabledCheck = false)]
    private static partial void LogRequest(ILogger logger, string connectionId, int length, string hex);

    [LoggerMessage(103, LogLevel.Debug, "Listener {Listener}: {ConnectionId} sent {Length} bytes that are no whole request; closed")]
    private static partial void LogMalformed(ILogger logger, string listener, string connectionId, long length);
}

/// <summary>Serves a listener's clients at the end of its middleware.</summary>
internal sealed class ClientConnectionHandler(ListenerState listener, TimeProvider time, ILogger<ClientConnection> logger) : ConnectionHandler
{
    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        var certificate = connection.Features.Get<ITlsConnectionFeature>()?.ClientCertificate;
        var client = new Client(connection.ConnectionId, Plain(connection.RemoteEndPoint), listener.Name, certificate);
        if (listener.Options.Role == ListenerRole.Watcher)
        {
            using var watcher = new WatcherConnection(connection, client, listener, time, logger);
            connection.Features.Get<AcceptedConnection>()?.Serve(watcher);
            await watcher.RunAsync();
            return;
        }

        await using var telnet = listener.Line is { } line ? await TelnetClient.BeginAsync(connection, line, time) : null;
        using var served = new ClientConnection(connection, client, listener, time, logger);
        connection.Features.Get<AcceptedConnection>()?.Serve(served);
        await served.RunAsync();
    }

    /// <summary>Returns the IPv4 address of an IPv4 client of an IPv6 socket.</summary>
    private static EndPoint? Plain(EndPoint? endPoint) =>
        endPoint is IPEndPoint { Address.IsIPv4MappedToIPv6: true } mapped ? new IPEndPoint(mapped.Address.MapToIPv4(), mapped.Port) : endPoint;
}
