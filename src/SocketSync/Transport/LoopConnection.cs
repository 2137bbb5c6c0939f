using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace SocketSync;

/// <summary>A connected socket that an <see cref="EventLoop"/> serves, as a connection for Kestrel or as a link to a device.</summary>
/// <remarks>
/// <para>Only the loop's thread reads the socket, and closes it: no other thread's call can meet a descriptor that is somebody else's by
/// now. Any thread may send, under <see cref="Sync"/>, until it is closed.</para>
/// <para>The memory of an idle connection is only this object and its pipes: bytes are read when they are there.</para>
/// </remarks>
internal sealed class LoopConnection : ConnectionContext, IReadyHandler, IConnectionIdFeature, IConnectionItemsFeature,
    IConnectionTransportFeature, IConnectionLifetimeFeature, IConnectionEndPointFeature, IConnectionSocketFeature, IDuplexPipe
{
    private readonly EventLoop _loop;
    private readonly int _descriptor;
    private readonly LoopInput _input;
    private readonly LoopOutput _output;
    private readonly CancellationTokenSource _closed = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _key;
    private Readiness _interest = Readiness.Readable;
    private bool _isWatched;
    private bool _isClosed;
    private bool _isEndTold;
    private ConnectionAbortedException? _aborted;
    private int _sendError;

    private LoopConnection(Socket socket, EventLoop loop, int readAhead)
    {
        Socket = socket;
        _loop = loop;
        _descriptor = (int)socket.SafeHandle.DangerousGetHandle();
        _input = new LoopInput(this, readAhead);
        _output = new LoopOutput(this);
        Transport = this;
        ConnectionId = LoopConnectionIds.Next();
        ConnectionClosed = _closed.Token;
        Features = new LoopFeatures(this);
        LocalEndPoint = socket.LocalEndPoint;
        RemoteEndPoint = socket.RemoteEndPoint;
        socket.Blocking = false;
    }

    /// <summary>Makes a connection, which begins to read.</summary>
    /// <param name="socket">Is connected, and was never used for an asynchronous operation. The connection takes ownership.</param>
    /// <param name="loop">Serves it.</param>
    /// <param name="readAhead">How many bytes it reads ahead.</param>
    public static LoopConnection Start(Socket socket, EventLoop loop, int readAhead)
    {
        var connection = new LoopConnection(socket, loop, readAhead);
        lock (connection.Sync)
        {
            connection._isWatched = true;
            connection._key = loop.Add(connection._descriptor, connection._interest, connection);
        }

        return connection;
    }

    public Socket Socket { get; }

    /// <summary>Serves it.</summary>
    internal EventLoop Loop => _loop;

    /// <summary>Guards the connection's state, and that of its input and output. Nothing is continued under it.</summary>
    internal Lock Sync { get; } = new();

    public override string ConnectionId { get; set; }

    public override IFeatureCollection Features { get; }

    public override IDictionary<object, object?> Items { get => field ??= new ConnectionItems(); set; }

    public override IDuplexPipe Transport { get; set; }

    public override CancellationToken ConnectionClosed { get; set; }

    public override EndPoint? LocalEndPoint { get; set; }

    public override EndPoint? RemoteEndPoint { get; set; }

    public PipeReader Input => _input;

    public PipeWriter Output => _output;

    public override void Abort() => Abort(new ConnectionAbortedException("The connection was aborted."));

    /// <summary>Resets the connection, whatever its state.</summary>
    public override void Abort(ConnectionAbortedException abortReason)
    {
        lock (Sync)
        {
            if (_aborted is not null || _isClosed)
                return;
            _aborted = abortReason;
        }

        _loop.Post(() => Close(isReset: true));
    }

    /// <summary>Sends what was written, and closes the connection.</summary>
    public override async ValueTask DisposeAsync()
    {
        _input.Complete();
        await _output.CompleteAsync();
        _loop.Post(() => Close(isReset: false));
        await _ended.Task;
        await base.DisposeAsync();
    }

    /// <summary>Receives what has come by now, if this is the loop's thread: whoever serves others on it meanwhile may be ahead of its news.</summary>
    /// <returns>Whether it did, so that the input knows all, also that the stream has ended.</returns>
    public bool TryReceive()
    {
        if (EventLoop.Current != _loop)
            return false;
        lock (Sync)
        {
            if (_isClosed || !_input.WantsMore)
                return true;
        }

        Receive();
        return true;
    }

    public void OnReady(Readiness readiness)
    {
        if ((readiness & (Readiness.Writable | Readiness.Error | Readiness.HangUp)) != Readiness.None)
            _output.OnWritable();
        if (_isClosed || (readiness & (Readiness.Readable | Readiness.Error | Readiness.HangUp)) == Readiness.None)
            return;
        lock (Sync)
        {
            if ((_interest & Readiness.Readable) == Readiness.None)
            {
                // An error or a hang-up is told again and again, and received only behind the bytes that came before it.
                if ((readiness & (Readiness.Error | Readiness.HangUp)) != Readiness.None)
                    Unwatch();
                return;
            }
        }

        Receive();
    }

    /// <summary>Sends as much as the system takes. Called under the lock.</summary>
    /// <returns>How much was taken; <see langword="null"/> if the connection is gone.</returns>
    internal int? Send(ReadOnlySpan<byte> bytes)
    {
        for (var sent = 0; ;)
        {
            if (_isClosed || _aborted is not null)
                return null; // nothing is sent after Abort has returned
            var count = SocketCalls.Send(_descriptor, bytes[sent..]);
            if (count >= 0)
                sent += count;
            else if (SocketCalls.LastError is var error && error == SocketCalls.TryAgain)
                return sent;
            else if (error != SocketCalls.Interrupted)
            {
                _sendError = error; // the system tells a reset once, to whoever asks first
                return null;
            }

            if (sent == bytes.Length)
                return sent;
        }
    }

    /// <summary>Whether <see cref="LoopOutput.OnWritable"/> is to be called when the system takes more. Called under the lock.</summary>
    internal void WatchWritable(bool isWanted) => SetInterest(isWanted ? _interest | Readiness.Writable : _interest & ~Readiness.Writable);

    /// <summary>Receives or not, as the input wants it. Called under the lock.</summary>
    internal void UpdateReading() =>
        SetInterest(_input.WantsMore ? _interest | Readiness.Readable : _interest & ~Readiness.Readable);

    private void Receive()
    {
        bool isAwaited;
        var hasEnded = false;
        int error;
        lock (Sync)
        {
            var count = SocketCalls.Receive(_descriptor, _input.Room(_loop.Shared));
            error = count < 0 ? SocketCalls.LastError : count == 0 ? _sendError : 0;
            isAwaited = _input.Take(_loop.Shared, Math.Max(count, 0));
            if (count == 0 || error is not (0 or SocketCalls.TryAgain or SocketCalls.Interrupted))
            {
                hasEnded = true;
                isAwaited |= _input.End(error == 0 ? null : Loss(SocketCalls.Exception(error)));
            }

            UpdateReading();
            if (hasEnded && error != 0)
                Unwatch();
        }

        if (hasEnded && error != 0)
            _output.OnWritable(); // nothing will tell it any more: what waits to be sent is lost
        if (isAwaited)
            _input.Continue();
        if (hasEnded)
            TellEnd();
    }

    private static IOException Loss(SocketException error) => error.SocketErrorCode == SocketError.ConnectionReset
        ? new ConnectionResetException(error.Message, error)
        : new IOException(error.Message, error);

    private void TellEnd()
    {
        if (_isEndTold)
            return;
        _isEndTold = true;
        ThreadPool.UnsafeQueueUserWorkItem(static connection => connection._closed.Cancel(), this, preferLocal: false);
    }

    private void Close(bool isReset)
    {
        bool isAwaited;
        lock (Sync)
        {
            if (_isClosed)
                return;
            _isClosed = true;
            if (_isWatched)
                _loop.Remove(_descriptor, _key);
            _isWatched = false;
            if (isReset)
            {
                Socket.Close(timeout: 0);
            }
            else
            {
                try
                {
                    Socket.Shutdown(SocketShutdown.Both);
                }
                catch (Exception e) when (e is SocketException or ObjectDisposedException)
                {
                    // Reset already.
                }

                Socket.Dispose();
            }

            isAwaited = _input.End(_aborted);
        }

        if (isAwaited)
            _input.Continue();
        _output.OnWritable();
        TellEnd();
        _ended.TrySetResult();
    }

    private void Unwatch()
    {
        if (!_isWatched)
            return;
        _isWatched = false;
        _loop.Remove(_descriptor, _key);
    }

    private void SetInterest(Readiness interest)
    {
        if (interest == _interest || _isClosed)
            return;
        _interest = interest;
        if (_isWatched)
        {
            _loop.Change(_descriptor, interest, _key);
        }
        else
        {
            _isWatched = true;
            _key = _loop.Add(_descriptor, interest, this);
        }
    }
}

/// <summary>Numbers for connections, as Kestrel's: unique in the process, and hardly those of an earlier one.</summary>
internal static class LoopConnectionIds
{
    private const string Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUV";

    private static long s_last = DateTime.UtcNow.Ticks;

    public static string Next() => string.Create(13, Interlocked.Increment(ref s_last), static (text, id) =>
    {
        for (var i = text.Length - 1; i >= 0; i--, id >>= 5)
            text[i] = Digits[(int)(id & 31)];
    });
}
