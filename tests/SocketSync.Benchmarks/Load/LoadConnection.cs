using System.Runtime.InteropServices;
using System.Text;

namespace SocketSync.Benchmarks;

/// <summary>
/// One client: a ring of requests, their expected replies beside them, and a place in each. Nothing is allocated once it stands.
/// </summary>
internal sealed class LoadConnection
{
    private const int Shown = 96;

    private readonly LoadLoop _loop;
    private readonly LoadOptions _options;
    private readonly RequestForm _form;
    private readonly int _number;
    private readonly byte[] _requests;
    private readonly byte[] _replies;
    private readonly long[] _begun;

    private int _socket = -1;
    private bool _connecting;
    private bool _blocked;
    private long _begunBatch;
    private uint _filled;
    private uint _answered;
    private long _due;
    private int _sendAt;
    private int _unsent;
    private int _replyAt;
    private int _expected;

    public LoadConnection(LoadLoop loop, LoadOptions options, int number)
    {
        (_loop, _options, _form, _number) = (loop, options, options.Form, number);
        _requests = new byte[_form.RequestLength * options.Pipeline];
        _replies = _form.IsEcho ? _requests : new byte[_form.ReplyLength * options.Pipeline];
        _begun = new long[options.Pipeline];
        for (var slot = 0; slot < options.Pipeline; slot++) _form.Lay(Request(slot), Reply(slot), number);
    }

    public int Number => _number;

    /// <summary>Replies so far.</summary>
    public long Served { get; private set; }

    /// <summary><see cref="Served"/> when the second in hand began.</summary>
    public long ServedBefore { get; set; }

    /// <summary><see cref="Served"/> when the measured time began.</summary>
    public long ServedInWarmup { get; set; }

    public bool IsWaiting => _expected > 0;

    public int Outstanding => (int)(_filled - _answered);

    public void Open(byte[] address, int family)
    {
        if (_options.Reconnect) _begunBatch = LoadLoop.Now;
        _socket = Libc.Socket(family, Libc.StreamNonBlockingCloseOnExec, 0);
        if (_socket < 0) throw Failure($"no socket: {Libc.Error(Marshal.GetLastPInvokeError())}");
        var yes = 1;
        _ = Libc.SetOption(_socket, Libc.TcpLevel, Libc.TcpNoDelay, ref yes, sizeof(int)); // a Unix socket has none
        _connecting = true;
        if (Libc.Connect(_socket, ref address[0], address.Length) < 0 && Marshal.GetLastPInvokeError() is var error and not Libc.InProgress)
            throw Failure($"cannot connect to {_options.Target}: {Libc.Error(error)}");
        _loop.Watch(Libc.Add, _socket, Libc.Readable | Libc.Writable, _number);
    }

    public void OnReady(uint state)
    {
        if (_connecting)
        {
            OnConnected();
            return;
        }
        if (_blocked && (state & Libc.Writable) != 0) Send();
        if ((state & ~Libc.Writable) != 0) Receive();
    }

    /// <summary>One more request of the schedule is due.</summary>
    public void Due()
    {
        _due++;
        SendDue();
    }

    /// <summary>Fills the ring and sends it all in one write.</summary>
    public void SendBatch()
    {
        if (!_options.Reconnect) _begunBatch = LoadLoop.Now;
        for (var i = 0; i < _options.Pipeline; i++) Fill(_begunBatch);
        Send();
    }

    public void Close()
    {
        if (_socket >= 0) _ = Libc.Close(_socket);
        _socket = -1;
    }

    private Span<byte> Request(int slot) => _requests.AsSpan(slot * _form.RequestLength, _form.RequestLength);

    private Span<byte> Reply(int slot) => _replies.AsSpan(slot * _form.ReplyLength, _form.ReplyLength);

    private void OnConnected()
    {
        var error = 0;
        var length = sizeof(int);
        _ = Libc.GetOption(_socket, Libc.SocketLevel, Libc.SocketError, ref error, ref length);
        if (error != 0) throw Failure($"cannot connect to {_options.Target}: {Libc.Error(error)}");
        _connecting = false;
        _loop.Watch(Libc.Modify, _socket, Libc.Readable, _number);
        if (Served == 0) _loop.OnConnected();
        if (_options.Rate is null) SendBatch();
    }

    private void SendDue()
    {
        if (_connecting) return;
        var full = _options.Pipeline;
        var any = false;
        while (_filled < _due && Outstanding < full)
        {
            Fill(_loop.IntendedTime(_number, _filled));
            any = true;
        }
        if (any && !_blocked) Send();
    }

    private void Fill(long begun)
    {
        var slot = (int)(_filled % (uint)_options.Pipeline);
        _form.Number(Request(slot), Reply(slot), _filled);
        _begun[slot] = begun;
        _filled++;
        _unsent += _form.RequestLength;
        _expected += _form.ReplyLength;
    }

    private void Send()
    {
        while (_unsent > 0)
        {
            var most = Math.Min(_unsent, _requests.Length - _sendAt);
            var sent = (int)Libc.Send(_socket, ref _requests[_sendAt], most, Libc.NoSignal);
            if (sent < 0)
            {
                var error = Marshal.GetLastPInvokeError();
                if (error != Libc.TryAgain) throw Failure($"the connection broke while sending: {Libc.Error(error)}");
                if (!_blocked) _loop.Watch(Libc.Modify, _socket, Libc.Readable | Libc.Writable, _number);
                _blocked = true;
                return;
            }
            _unsent -= sent;
            _sendAt += sent;
            if (_sendAt == _requests.Length) _sendAt = 0;
        }
        if (!_blocked) return;
        _blocked = false;
        _loop.Watch(Libc.Modify, _socket, Libc.Readable, _number);
    }

    private void Receive()
    {
        var buffer = _loop.Buffer;
        var length = (int)Libc.Receive(_socket, ref buffer[0], buffer.Length, 0);
        if (length <= 0)
        {
            var error = length < 0 ? Marshal.GetLastPInvokeError() : 0;
            if (error == Libc.TryAgain) return;
            throw Failure($"the server {(error == 0 ? "closed the connection" : "broke the connection: " + Libc.Error(error))}; unanswered requests: {Outstanding}");
        }
        Check(buffer.AsSpan(0, length));
        Count(length);
        if (_options.Rate is not null) SendDue();
        else if (_expected == 0) Next();
    }

    private void Check(ReadOnlySpan<byte> received)
    {
        if (received.Length > _expected) throw Garbled(received);
        var first = received[..Math.Min(received.Length, _replies.Length - _replyAt)];
        if (!first.SequenceEqual(_replies.AsSpan(_replyAt, first.Length))) throw Garbled(received);
        var rest = received[first.Length..];
        if (!rest.SequenceEqual(_replies.AsSpan(0, rest.Length))) throw Garbled(received);
    }

    private void Count(int length)
    {
        var now = LoadLoop.Now;
        var complete = ((_replyAt % _form.ReplyLength) + length) / _form.ReplyLength;
        _replyAt = (_replyAt + length) % _replies.Length;
        _expected -= length;
        if (complete == 0) return;
        if (_options.Rate is null)
        {
            _loop.Record(now - _begunBatch, complete);
        }
        else
        {
            for (var i = 0u; i < complete; i++) _loop.Record(now - _begun[(_answered + i) % (uint)_options.Pipeline], 1);
        }
        _answered += (uint)complete;
        if (Served == 0) _loop.OnFirstServed();
        Served += complete;
    }

    private void Next()
    {
        if (_options.Reconnect)
        {
            Close();
            if (!_loop.IsStopping) _loop.Open(this);
        }
        else if (!_loop.IsStopping)
        {
            SendBatch();
        }
    }

    private LoadFailureException Garbled(ReadOnlySpan<byte> received)
    {
        if (_expected == 0) return Failure($"got bytes when nothing was asked: {Show(received)}");
        var at = _replyAt % _form.ReplyLength;
        var known = _replies.AsSpan(_replyAt - at, at);
        var wanted = _replies.AsSpan(_replyAt - at).ToArray().Concat(_replies).Take(Math.Min(_expected + at, _replies.Length)).ToArray();
        byte[] got = [.. known, .. received];
        var same = wanted.AsSpan().CommonPrefixLength(got);
        if (same == wanted.Length) return Failure($"got more than it asked for: {Show(got.AsSpan(same))} after {Show(wanted.AsSpan(same - _form.ReplyLength))}");
        var from = same / _form.ReplyLength * _form.ReplyLength; // the frame in which they part
        return Failure($"the reply is not its own: expected {Show(wanted.AsSpan(from))}, got {Show(got.AsSpan(from))}, different from byte {same - from} on");
    }

    private string Show(ReadOnlySpan<byte> bytes)
    {
        var shown = bytes[..Math.Min(bytes.Length, Math.Min(Shown, _form.ReplyLength))];
        if (!_form.IsText) return Convert.ToHexString(shown);
        var text = new StringBuilder("\"");
        foreach (var one in shown) _ = one is >= 32 and < 127 ? text.Append((char)one) : text.Append(one switch { 10 => "\\n", 13 => "\\r", _ => $"\\x{one:X2}" });
        return text.Append('"').ToString();
    }

    private LoadFailureException Failure(string what) => new($"connection {_number}: {what}.");
}
