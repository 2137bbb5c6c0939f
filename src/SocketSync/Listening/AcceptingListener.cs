using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>Accepts the clients of one listener. Only closing the listener ends its accept loops.</summary>
internal sealed partial class AcceptingListener : IConnectionListener
{
    private const int AcceptsInARow = 32;

    // Synchronous continuations are safe: Kestrel only queues the connection to the thread pool and accepts the next one.
    private readonly Channel<ConnectionContext> _accepted = Channel.CreateUnbounded<ConnectionContext>(
        new UnboundedChannelOptions { SingleReader = true, AllowSynchronousContinuations = true });

    private readonly ListenerEndPoint _endPoint;
    private readonly Func<Socket, ConnectionContext> _connect;
    private readonly Func<Socket, ValueTask<Socket>> _accept;
    private readonly DescriptorReserve _descriptors;
    private readonly TimeProvider _time;
    private readonly LogThrottle<Trouble> _troubles;
    private readonly Task _loops;

    public AcceptingListener(
        ListenerEndPoint endPoint,
        Func<Socket, ConnectionContext> connect,
        DescriptorReserve descriptors,
        TimeProvider time,
        ILogger logger,
        Func<Socket, ValueTask<Socket>>? accept = null)
    {
        _endPoint = endPoint;
        _connect = connect;
        _descriptors = descriptors;
        _time = time;
        _troubles = new(
            time,
            first => Tell(logger, first),
            (last, sum) => LogTroubleGoesOn(logger, _endPoint.Name, sum.Count, sum.Seconds, last.Reason),
            fold: trouble => trouble);
        _accept = accept ?? (static socket => AcceptAsync(socket));
        _loops = RunAsync();
    }

    public EndPoint EndPoint => _endPoint.LocalEndPoints[0];

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (await _accepted.Reader.WaitToReadAsync(cancellationToken) && !_endPoint.Closed.IsCancellationRequested)
        {
            if (_accepted.Reader.TryRead(out var connection))
                return connection;
        }

        return null;
    }

    public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        _endPoint.Close();
        await _loops;
    }

    public async ValueTask DisposeAsync()
    {
        await UnbindAsync();
        _troubles.Dispose();
    }

    private async Task RunAsync()
    {
        using var closing = _endPoint.Closed.UnsafeRegister(static me => ((AcceptingListener)me!)._accepted.Writer.TryComplete(), this);
        await Task.WhenAll(_endPoint.Sockets.Select(AcceptLoopAsync));

        while (_accepted.Reader.TryRead(out var unserved))
            await unserved.DisposeAsync();
    }

    private async Task AcceptLoopAsync(Socket listener)
    {
        using var pause = new AcceptBackoff(_time);
        var synchronously = 0;
        await _endPoint.Opened;
        while (!_endPoint.Closed.IsCancellationRequested)
        {
            try
            {
                var accept = _accept(listener);
                synchronously = accept.IsCompleted ? synchronously + 1 : 0;
                await TakeAsync(await accept);

                // A flood of connects must not monopolize the I/O thread.
                if (synchronously >= AcceptsInARow)
                {
                    synchronously = 0;
                    await Dispatcher.HopToPool();
                }
            }
            catch (Exception) when (_endPoint.Closed.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                if (e is not SocketException { SocketErrorCode: var code } || !IsOneClientsTrouble(code))
                    await RecoverAsync(e, pause);
            }
        }
    }

    private async ValueTask TakeAsync(Socket client)
    {
        try
        {
            if (_descriptors.IsTouchedBy(client.SafeHandle))
            {
                client.Dispose();
                _endPoint.Rejected?.Invoke();
                _troubles.Add(new($"the limit of {_descriptors.Limit} file descriptors is nearly reached", IsClosed: true));
                return;
            }

            if (client.AddressFamily != AddressFamily.Unix)
                client.NoDelay = true;
            var connection = _connect(client);
            if (!_accepted.Writer.TryWrite(connection))
                await connection.DisposeAsync();
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            client.Dispose(); // already disconnected
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    private async ValueTask RecoverAsync(Exception error, AcceptBackoff pause)
    {
        try
        {
            _troubles.Add(new(error.Message));
            await pause.WaitAsync(_endPoint.Closed);
        }
        catch
        {
            // Even logging failed for lack of resources: the accept loop continues.
        }
    }

    private static async ValueTask<Socket> AcceptAsync(Socket listener) => await listener.AcceptAsync();

    /// <summary>Whether Linux reports an error of one connection that failed before it was accepted (accept(2)): no backoff is needed.</summary>
    private static bool IsOneClientsTrouble(SocketError code) => code is
        SocketError.ConnectionAborted or SocketError.ConnectionReset or SocketError.Interrupted or SocketError.TryAgain
        or SocketError.WouldBlock or SocketError.TimedOut or SocketError.NetworkDown or SocketError.NetworkUnreachable
        or SocketError.HostDown or SocketError.HostUnreachable or SocketError.ProtocolOption or SocketError.ProtocolNotSupported
        or SocketError.OperationNotSupported or SocketError.AccessDenied;

    private void Tell(ILogger logger, Trouble trouble)
    {
        if (trouble.IsClosed)
            LogClosed(logger, _endPoint.Name, trouble.Reason);
        else
            LogAcceptFailed(logger, _endPoint.Name, trouble.Reason);
    }

    [LoggerMessage(120, LogLevel.Warning, "Listener {Listener}: clients cannot be accepted for now ({Reason}); trying again every 100 ms")]
    private static partial void LogAcceptFailed(ILogger logger, string listener, string reason);

    [LoggerMessage(121, LogLevel.Warning, "Listener {Listener}: {Reason}, new clients are closed at once")]
    private static partial void LogClosed(ILogger logger, string listener, string reason);

    [LoggerMessage(122, LogLevel.Warning, "Listener {Listener}: {Count} more times within {Seconds} s clients were not taken ({Reason})")]
    private static partial void LogTroubleGoesOn(ILogger logger, string listener, long count, int seconds, string reason);

    private readonly record struct Trouble(string Reason, bool IsClosed = false);
}

/// <summary>
/// The backoff after an accept that failed for lack of resources. Its timer is created and started once in advance: the first
/// timer of a process needs a thread, which cannot be created without file descriptors.
/// </summary>
internal sealed class AcceptBackoff : IDisposable
{
    public static readonly TimeSpan Length = TimeSpan.FromMilliseconds(100);

    private readonly ITimer _timer;
    private volatile TaskCompletionSource? _waiting;

    public AcceptBackoff(TimeProvider time) =>
        _timer = time.CreateTimer(static me => ((AcceptBackoff)me!).End(), this, Length, Timeout.InfiniteTimeSpan);

    public async Task WaitAsync(CancellationToken cancelled)
    {
        var waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting = waiting;
        _timer.Change(Length, Timeout.InfiniteTimeSpan);
        await using var _ = cancelled.UnsafeRegister(static waiting => ((TaskCompletionSource)waiting!).TrySetResult(), waiting);
        await waiting.Task;
    }

    private void End() => _waiting?.TrySetResult();

    public void Dispose() => _timer.Dispose();
}
