using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;

namespace SocketSync;

/// <summary>
/// Connections between silos: only nodes get beyond the first bytes. By certificates on both sides, or, on loopback, by a secret that
/// both have read from the store.
/// </summary>
internal static partial class NodeConnections
{
    private static readonly TimeSpan HandshakeTime = TimeSpan.FromSeconds(5);

    public static void Secure(SiloConnectionOptions options, NodeCertificates? tls, byte[] secret, ILoggerFactory loggers)
    {
        var logger = loggers.CreateLogger("SocketSync.Cluster");
        options.ConfigureSiloInboundConnection(connection => connection.Use(next => new NodeCheck(next, tls, secret, isServer: true, logger).RunAsync));
        options.ConfigureSiloOutboundConnection(connection => connection.Use(next => new NodeCheck(next, tls, secret, isServer: false, logger).RunAsync));
    }

    private sealed class NodeCheck(ConnectionDelegate next, NodeCertificates? tls, byte[] secret, bool isServer, ILogger logger)
    {
        private long _lastTold = long.MinValue;

        public async Task RunAsync(ConnectionContext connection)
        {
            var original = connection.Transport;
            var raw = new DuplexPipeStream(original.Input, original.Output);
            if (tls is null)
            {
                if (await IsNodeAsync(connection, limit => SecretHandshake.RunAsync(raw, secret, isServer, limit)))
                    await next(connection);
                return;
            }

            await using var stream = new SslStream(raw, leaveInnerStreamOpen: true);
            if (!await IsNodeAsync(connection, limit => isServer ? tls.AcceptAsync(stream, limit) : tls.ConnectAsync(stream, limit)))
                return;
            connection.Transport = new StreamPipe(stream);
            try
            {
                await next(connection);
            }
            finally
            {
                await connection.Transport.Input.CompleteAsync();
                await connection.Transport.Output.CompleteAsync();
                connection.Transport = original;
            }
        }

        private async Task<bool> IsNodeAsync(ConnectionContext connection, Func<CancellationToken, Task> shakeHands)
        {
            try
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed);
                limit.CancelAfter(HandshakeTime);
                await shakeHands(limit.Token);
                return true;
            }
            catch (Exception exception) when (exception is AuthenticationException or IOException or OperationCanceledException or ConnectionResetException or InvalidOperationException)
            {
                // A peer that has died in between is no news; one that is no node is, but it can come back at will.
                if (exception is AuthenticationException && IsDue())
                    LogRefused(logger, connection.RemoteEndPoint, (exception.InnerException ?? exception).Message);
                connection.Abort(new ConnectionAbortedException("It is no node of this cluster."));
                return false;
            }
        }

        private bool IsDue()
        {
            var (now, last) = (Environment.TickCount64, Volatile.Read(ref _lastTold));
            return (last == long.MinValue || now - last >= 10_000) && Interlocked.CompareExchange(ref _lastTold, now, last) == last;
        }
    }

    /// <summary>A stream's two directions as pipes.</summary>
    private sealed class StreamPipe(Stream stream) : IDuplexPipe
    {
        public PipeReader Input { get; } = PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true));

        public PipeWriter Output { get; } = PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true));
    }

    [LoggerMessage(450, LogLevel.Warning, "{Address} is refused at the node port: it is no node of this cluster ({Reason})")]
    private static partial void LogRefused(ILogger logger, object? address, string reason);
}
