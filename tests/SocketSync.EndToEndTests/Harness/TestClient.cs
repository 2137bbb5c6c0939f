using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace SocketSync.EndToEndTests;

/// <summary>A client of a listener. Bytes are told as Latin-1 text. Every wait is bounded.</summary>
internal sealed class TestClient : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(15);

    private readonly byte[] _buffer = new byte[16384];
    private Stream _stream;
    private int _start;
    private int _end;

    private TestClient(Socket socket)
    {
        Socket = socket;
        _stream = new NetworkStream(socket, ownsSocket: true);
    }

    public Socket Socket { get; }

    public static Task<TestClient> ConnectAsync(int port) => ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));

    /// <param name="to">Where the server listens.</param>
    /// <param name="receiveBuffer">How many bytes the system takes in for a client that does not read; 0: what is usual.</param>
    /// <param name="from">The address that it comes from, if that matters.</param>
    public static async Task<TestClient> ConnectAsync(EndPoint to, int receiveBuffer = 0, IPAddress? from = null)
    {
        var protocol = to is UnixDomainSocketEndPoint ? ProtocolType.Unspecified : ProtocolType.Tcp;
        var socket = new Socket(to.AddressFamily, SocketType.Stream, protocol);
        try
        {
            if (receiveBuffer > 0) socket.ReceiveBufferSize = receiveBuffer;
            if (from is not null) socket.Bind(new IPEndPoint(from, 0));
            using var limit = Limit();
            await socket.ConnectAsync(to, limit.Token);
            if (protocol == ProtocolType.Tcp) socket.NoDelay = true;
            return new(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Goes over to TLS; returns the server's certificate.</summary>
    public async Task<X509Certificate> SecureAsync(SslClientAuthenticationOptions options)
    {
        var tls = new SslStream(_stream);
        _stream = tls;
        using var limit = Limit();
        await tls.AuthenticateAsClientAsync(options, limit.Token);
        return tls.RemoteCertificate!;
    }

    public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        using var limit = Limit();
        await _stream.WriteAsync(bytes, limit.Token);
    }

    /// <summary>A line without its end; null when the server has ended its stream.</summary>
    public async Task<string?> ReadLineAsync()
    {
        var line = new StringBuilder();
        while (true)
        {
            var length = _buffer.AsSpan(_start.._end).IndexOf((byte)'\n');
            line.Append(Take(length < 0 ? _end - _start : length));
            if (length >= 0)
            {
                _start++;
                return line.ToString();
            }

            if (!await FillAsync()) return line.Length == 0 ? null : throw new EndOfStreamException($"the stream ended inside '{line}'");
        }
    }

    public async Task<string> ReadAsync(int length)
    {
        var text = new StringBuilder();
        while (true)
        {
            text.Append(Take(Math.Min(_end - _start, length - text.Length)));
            if (text.Length == length) return text.ToString();
            if (!await FillAsync()) throw new EndOfStreamException($"the stream ended after '{text}'");
        }
    }

    /// <summary>All that comes until the server ends its stream.</summary>
    public async Task<string> ReadToEndAsync()
    {
        var text = new StringBuilder();
        do text.Append(Take(_end - _start));
        while (await FillAsync());
        return text.ToString();
    }

    public async Task<string?> AskAsync(string line)
    {
        await SendAsync(line + "\n");
        return await ReadLineAsync();
    }

    /// <summary>Waits until the server has closed, in order or by a reset; tells what came before.</summary>
    public async Task<string> WaitForCloseAsync()
    {
        var text = new StringBuilder();
        try
        {
            do text.Append(Take(_end - _start));
            while (await FillAsync());
        }
        catch (IOException)
        {
            // A reset closes too.
        }

        return text.ToString();
    }

    /// <summary>Ends what the client sends; it can still receive.</summary>
    public void HalfClose() => Socket.Shutdown(SocketShutdown.Send);

    /// <summary>The same in TLS: says that it is done, then ends the stream below.</summary>
    public async Task EndTlsAsync()
    {
        await ((SslStream)_stream).ShutdownAsync();
        HalfClose();
    }

    public void Reset()
    {
        Socket.LingerState = new(enable: true, seconds: 0);
        Socket.Dispose();
    }

    public void Dispose() => _stream.Dispose();

    private static CancellationTokenSource Limit()
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Bound);
        return limit;
    }

    private string Take(int length)
    {
        var text = Encoding.Latin1.GetString(_buffer, _start, length);
        _start += length;
        return text;
    }

    private async Task<bool> FillAsync()
    {
        using var limit = Limit();
        try
        {
            _start = 0;
            _end = 0;
            _end = await _stream.ReadAsync(_buffer, limit.Token);
            return _end > 0;
        }
        catch (OperationCanceledException error)
        {
            throw new TimeoutException($"the server sent nothing for {Bound}", error);
        }
    }
}
