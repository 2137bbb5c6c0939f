using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// Gives Kestrel the connections of SocketSync's listeners. Other endpoints keep Kestrel's own transport. Unlike that
/// one, it listens only when all is ready, can be closed before HTTP is, and stays quiet without file descriptors.
/// </summary>
internal sealed class ListenerTransport(ILoggerFactory loggers, TimeProvider time)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector, IDisposable
{
    // Each client that pushes while it waits for its turn costs so much.
    private const long ReadBufferSize = 64 * 1024;

    // Of all listeners together: each would keep memory pools of its own for its clients, as many as there are processors.
    private readonly Lazy<SocketConnectionContextFactory> _inline = new(() => Contexts(preferInlineScheduling: true, loggers));
    private readonly Lazy<SocketConnectionContextFactory> _queued = new(() => Contexts(preferInlineScheduling: false, loggers));

    public bool CanBind(EndPoint endpoint) => endpoint is ListenerEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var listener = (ListenerEndPoint)endpoint;
        var contexts = listener.PreferInlineScheduling ? _inline : _queued;
        listener.IsServed = true;
        return ValueTask.FromResult<IConnectionListener>(new AcceptingListener(
            listener, contexts.Value, DescriptorReserve.OfThisProcess, time, loggers.CreateLogger<ListenerTransport>()));
    }

    /// <summary>When the host is disposed of, long after the last connection.</summary>
    public void Dispose()
    {
        foreach (var contexts in new[] { _inline, _queued }.Where(c => c.IsValueCreated)) contexts.Value.Dispose();
    }

    private static SocketConnectionContextFactory Contexts(bool preferInlineScheduling, ILoggerFactory loggers) => new(
        new SocketConnectionFactoryOptions
        {
            UnsafePreferInlineScheduling = preferInlineScheduling,
            MaxReadBufferSize = ReadBufferSize,
            // A flush then completes when the client's system has taken the reply, which is what SendTimeout is about.
            MaxWriteBufferSize = 1,
            WaitForDataBeforeAllocatingBuffer = true,
        },
        loggers.CreateLogger("Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets"));
}

/// <summary>
/// Keeps the last file descriptors free of clients, so that HTTP, and after it logs and links, still get one. Descriptors
/// are given out lowest first: the number of a new one tells how full the table is.
/// </summary>
/// <param name="limit">How many descriptors the process may have.</param>
internal sealed class DescriptorReserve(long limit)
{
    private const int Most = 64;

    // No more: an idle host holds two descriptors for each loaded assembly, some 240 in all, and under a limit of 256 a
    // larger share would leave no client any.
    private const int Share = 32;

    /// <summary>.NET raises its limit to the hard one at start; it does not change afterwards.</summary>
    public static DescriptorReserve OfThisProcess { get; } = new(ReadLimit());

    public long Limit { get; } = limit;

    /// <summary>The first descriptor number that no client gets.</summary>
    public long First { get; } = limit - Math.Min(Most, limit / Share);

    /// <summary>The first descriptor number that HTTP does not get either.</summary>
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
