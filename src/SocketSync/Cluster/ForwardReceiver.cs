using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// Serves the clients of other nodes, at the end of the forward port's middleware, as the listener would that accepted them there. Takes
/// nobody but nodes.
/// </summary>
/// <param name="listeners">The listeners by name; all nodes have the same.</param>
/// <param name="directory">Says until when a resource is served here.</param>
/// <param name="secret">Lets nodes in; <see langword="null"/> if TLS has done so.</param>
/// <param name="time">Measures the timeouts.</param>
/// <param name="loggers">Makes the loggers.</param>
internal sealed partial class ForwardReceiver(
    IReadOnlyDictionary<string, ListenerState> listeners, IResourceDirectory? directory, ForwardSecret? secret, TimeProvider time, ILoggerFactory loggers) : IDisposable
{
    private const int UnknownListener = 1;
    private const int ServedElsewhere = 2;

    private static readonly TimeSpan HeaderTime = TimeSpan.FromSeconds(3);

    /// <summary>How long another node may take to notice the end, before its connection is cut.</summary>
    private static readonly TimeSpan EndTime = TimeSpan.FromSeconds(1);

    private readonly ILogger<ClientConnection> _clients = loggers.CreateLogger<ClientConnection>();
    private readonly LogThrottle<Stranger> _strangers = Strangers(time, loggers.CreateLogger<ForwardReceiver>());

    public async Task ServeAsync(ConnectionContext connection)
    {
        var peer = connection.RemoteEndPoint;
        var (header, problem) = await TakeHeaderAsync(connection);
        if (header is null)
        {
            if (problem is not null)
                _strangers.Add(new(RemoteAddress.Of(peer), problem));
            connection.Abort(new ConnectionAbortedException("It is no node."));
            return;
        }

        if (connection.Features.Get<IConnectionSocketFeature>()?.Socket is { } socket)
            TcpFault.KeepAlive(socket);
        var transport = connection.Transport;
        var output = new ForwardOutput(transport.Output);
        if (!listeners.TryGetValue(header.Listener, out var listener))
            await output.TellAsync(ChunkKind.Refused, UnknownListener);
        else if (await FindTermAsync(listener, header.Resource) is not { } lost)
            await output.TellAsync(ChunkKind.Refused, ServedElsewhere);
        else
            await ServeAsync(connection, transport, output, header, listener, lost);
    }

    public void Dispose() => _strangers.Dispose();

    private async Task ServeAsync(
        ConnectionContext connection, IDuplexPipe transport, ForwardOutput output, ForwardHeader header, ListenerState listener, CancellationToken lost)
    {
        if (!TrySetClient(connection, header))
        {
            _strangers.Add(new(RemoteAddress.Of(connection.RemoteEndPoint), "the client's certificate in its header is malformed"));
            connection.Abort();
            return;
        }

        connection.Features.Set(new RelayedStream(secret is null, async () => await EndAsync(connection, output, ChunkKind.HalfEnd)));
        var accepted = new AcceptedConnection(connection, time);
        connection.Features.Set(accepted);
        connection.Transport = new ForwardTransport(transport.Input, output);
        await using var losing = lost.UnsafeRegister(
            static connection => ((ConnectionContext)connection!).Abort(new ConnectionAbortedException("This node does not serve the resource any more.")), connection);
        listener.Add(accepted);
        try
        {
            if ((await output.TellAsync(ChunkKind.Accepted, ForwardHeader.CurrentVersion)).IsCompleted)
                return;
            await new ClientConnectionHandler(listener, time, _clients).OnConnectedAsync(connection);
        }
        finally
        {
            listener.Remove(accepted);
            connection.Transport = transport;
        }

        if (await EndAsync(connection, output, ChunkKind.Data))
            await AwaitEndAsync(transport.Input);
    }

    /// <summary>The client takes the place of the node that passes it on.</summary>
    private static bool TrySetClient(ConnectionContext connection, ForwardHeader header)
    {
        connection.ConnectionId = header.ConnectionId;
        connection.RemoteEndPoint = header.Client;
        if (header.Certificate.IsEmpty)
        {
            connection.Features.Set<ITlsConnectionFeature>(null); // a node's certificate is not its client's
            return true;
        }

        try
        {
            connection.Features.Set<ITlsConnectionFeature>(new ClientsTls { ClientCertificate = X509CertificateLoader.LoadCertificate(header.Certificate.Span) });
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    /// <returns>Fires when this node's term is over; <see langword="null"/> if the resource is not served here.</returns>
    private async ValueTask<CancellationToken?> FindTermAsync(ListenerState listener, string resource)
    {
        if (directory is null || listener.Routes.FirstOrDefault(route => route.Resource.Name.Equals(resource, StringComparison.OrdinalIgnoreCase)) is not { Resource.IsServedHere: true })
            return null;
        using var limit = new CancellationTokenSource(EndTime, time);
        try
        {
            return await directory.FindAsync(resource, limit.Token) is ResourcePlace.Here here ? here.Lost : null;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>Tells the other node of an end. One that does not take it in time is cut off, and resets its client.</summary>
    private async Task<bool> EndAsync(ConnectionContext connection, ForwardOutput output, ChunkKind kind)
    {
        var telling = output.TellAsync(kind, 0).AsTask();
        telling.Forget();
        try
        {
            return !(await telling.WaitAsync(EndTime, time)).IsCompleted;
        }
        catch (Exception exception) when (exception is TimeoutException || ClientDeparture.IsDeparture(exception))
        {
            connection.Abort(new ConnectionAbortedException("The end of the stream was not taken in time."));
            return false;
        }
    }

    // Closed at once, with something unread, the connection would be reset, and the end might not arrive.
    private async Task AwaitEndAsync(PipeReader input)
    {
        using var limit = new CancellationTokenSource(EndTime, time);
        try
        {
            while (await input.ReadAsync(limit.Token) is { IsCompleted: false } result)
                input.AdvanceTo(result.Buffer.End);
        }
        catch (Exception exception) when (exception is OperationCanceledException || ClientDeparture.IsDeparture(exception))
        {
            // The other node is done with it, or too slow.
        }
    }

    private async Task<(ForwardHeader? Header, string? Problem)> TakeHeaderAsync(ConnectionContext connection)
    {
        var input = connection.Transport.Input;
        using var limit = new CancellationTokenSource(HeaderTime, time);
        try
        {
            while (true)
            {
                var result = await input.ReadAsync(limit.Token);
                var status = ProxyHeader.Read(result.Buffer, out var proxy, ForwardHeader.MaxLength);
                if (status == ProxyHeaderStatus.Complete)
                {
                    byte[] bytes = [.. System.Buffers.BuffersExtensions.ToArray(result.Buffer.Slice(0, proxy.Length))];
                    input.AdvanceTo(result.Buffer.GetPosition(proxy.Length));
                    return Check(bytes, proxy.Source);
                }

                var isEmpty = result.Buffer.IsEmpty;
                input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
                if (status != ProxyHeaderStatus.Incomplete)
                    return (null, "it does not speak as a node");
                if (result.IsCompleted)
                    return (null, isEmpty ? null : "it has ended inside its header");
            }
        }
        catch (Exception exception) when (ClientDeparture.IsDeparture(exception))
        {
            return (null, null);
        }
        catch (OperationCanceledException)
        {
            return (null, $"its header was not whole within {HeaderTime}");
        }
    }

    private (ForwardHeader? Header, string? Problem) Check(byte[] bytes, IPEndPoint? client)
    {
        if (bytes[0] != ProxyHeaderBinary.Signature[0] || ForwardHeader.Read(bytes, client) is not { } header)
            return (null, "it does not speak as a node");
        if (Math.Abs(header.Version - ForwardHeader.CurrentVersion) > 1)
            return (null, "it is of a version that is too old or too new");
        if (secret is { Value: null })
            return (null, "this node does not know the secret of the nodes yet");
        return secret?.Matches(header.Secret.Span) == false ? (null, "it does not know the secret of the nodes") : (header, null);
    }

    private static LogThrottle<Stranger> Strangers(TimeProvider time, ILogger logger) => new(
        time,
        first => LogRefused(logger, first.Address, first.Reason),
        (last, sum) => LogMoreRefused(logger, sum.Count, last.Address, sum.Seconds, last.Reason),
        fold: stranger => stranger with { Address = RemoteAddress.Others });

    [LoggerMessage(424, LogLevel.Warning, "The port for other nodes: a connection from {Address} is closed: {Reason}")]
    private static partial void LogRefused(ILogger logger, object address, string reason);

    [LoggerMessage(425, LogLevel.Warning, "The port for other nodes: {Count} more connections from {Address} were closed within {Seconds} s: {Reason}")]
    private static partial void LogMoreRefused(ILogger logger, long count, object address, int seconds, string reason);

    private readonly record struct Stranger(object Address, string Reason);

    private sealed record ForwardTransport(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    private sealed class ClientsTls : ITlsConnectionFeature
    {
        public X509Certificate2? ClientCertificate { get; set; }

        public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) => Task.FromResult(ClientCertificate);
    }
}
