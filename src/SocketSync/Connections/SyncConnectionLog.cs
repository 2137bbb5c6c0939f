using System.Buffers;
using System.Net;
using Microsoft.Extensions.Logging;

namespace SocketSync;

internal sealed partial class SyncConnection
{
    /// <summary>What a client sends is never logged as text, and no more of it than this.</summary>
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
