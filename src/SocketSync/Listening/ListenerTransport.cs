using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// The Kestrel transport of SocketSync's listeners; other endpoints keep Kestrel's own transport. Unlike that one, it listens
/// only when everything is ready, can be closed before HTTP is, and does not flood the log when file descriptors run out.
/// </summary>
internal sealed class ListenerTransport(ILoggerFactory loggers, TimeProvider time, SocketSyncOptions options)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector, IDisposable
{
    // The memory per client that keeps sending while it waits for its turn.
    private const int ReadBufferSize = 64 * 1024;

    // Shared by all listeners: each factory has its own memory pools, one per processor core.
    private readonly Lazy<SocketConnectionContextFactory> _inline = new(() => Contexts(preferInlineScheduling: true, loggers));
    private readonly Lazy<SocketConnectionContextFactory> _queued = new(() => Contexts(preferInlineScheduling: false, loggers));

    public bool CanBind(EndPoint endpoint) => endpoint is ListenerEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var listener = (ListenerEndPoint)endpoint;
        listener.IsServed = true;
        return ValueTask.FromResult<IConnectionListener>(new AcceptingListener(
            listener, ConnectionsOf(listener), DescriptorReserve.OfThisProcess, time, loggers.CreateLogger<ListenerTransport>()));
    }

    /// <summary>What makes a connection of a socket that was accepted.</summary>
    private Func<Socket, ConnectionContext> ConnectionsOf(ListenerEndPoint listener)
    {
        if (listener.PreferInlineScheduling && options.HasEventLoops)
            return static socket => LoopConnection.Start(socket, EventLoop.Next()!, ReadBufferSize);
        var contexts = listener.PreferInlineScheduling ? _inline : _queued;
        return contexts.Value.Create;
    }

    /// <summary>Disposes the factories; called when the host is disposed, long after the last connection.</summary>
    public void Dispose()
    {
        foreach (var contexts in new[] { _inline, _queued }.Where(c => c.IsValueCreated)) contexts.Value.Dispose();
    }

    private static SocketConnectionContextFactory Contexts(bool preferInlineScheduling, ILoggerFactory loggers) => new(
        new SocketConnectionFactoryOptions
        {
            UnsafePreferInlineScheduling = preferInlineScheduling,
            MaxReadBufferSize = ReadBufferSize,
            // A flush then completes only when the client's system has taken the reply, which is what SendTimeout measures.
            MaxWriteBufferSize = 1,
            WaitForDataBeforeAllocatingBuffer = true,
        },
        loggers.CreateLogger("Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets"));
}

/// <summary>
/// Reserves the last file descriptors, so that HTTP, and beyond it logs and links, still get one when clients use up the rest.
/// The system assigns the lowest free number, so the number of a new descriptor shows how full the table is.
/// </summary>
/// <param name="limit">The process's limit of open descriptors.</param>
internal sealed class DescriptorReserve(long limit)
{
    private const int Most = 64;

    // Not more: an idle host holds two descriptors per loaded assembly, some 240 in all. Under a limit of 256, a larger
    // reserve would leave none for clients.
    private const int Share = 32;

    /// <summary>The reserve of this process. .NET raises the soft limit to the hard one at startup; it does not change afterwards.</summary>
    public static DescriptorReserve OfThisProcess { get; } = new(ReadLimit());

    public long Limit { get; } = limit;

    /// <summary>The first descriptor number that is not available to clients.</summary>
    public long First { get; } = limit - Math.Min(Most, limit / Share);

    /// <summary>The first descriptor number that is not available to HTTP either.</summary>
    public long FirstBeyondHttp { get; } = limit - Math.Min(Most, limit / Share) / 2;

    public bool IsTouchedBy(SafeHandle handle) => handle.DangerousGetHandle() >= First;

    public bool IsTouchedByHttp(SafeHandle handle) => handle.DangerousGetHandle() >= FirstBeyondHttp;

    private static long ReadLimit()
    {
        const string Label = "Max open files";
        try
        {
            var line = OperatingSystem.IsLinux()
                ? File.ReadLines("/proc/self/limits").FirstOrDefault(l => l.StartsWith(Label, StringComparison.Ordinal))
                : null;
            var soft = line?[Label.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
            return long.TryParse(soft, CultureInfo.InvariantCulture, out var limit) ? limit : long.MaxValue;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return long.MaxValue;
        }
    }
}
