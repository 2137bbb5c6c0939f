using System.Net;
using System.Net.Sockets;

namespace SocketSync;

/// <summary>
/// A listener as Kestrel is told of it: bound sockets under a name. Nothing is accepted before <see cref="Open"/> or
/// after <see cref="Close"/>.
/// </summary>
internal sealed class ListenerEndPoint : EndPoint, IDisposable
{
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _closed = new();

    /// <param name="address">What the configuration says.</param>
    /// <param name="sockets">Bound, not yet listening; two for "localhost", else one. Owned from here on.</param>
    /// <param name="preferInlineScheduling">
    /// Whether the connection's code runs on the thread that moves bytes: fast, for code that never blocks.
    /// </param>
    public ListenerEndPoint(ListenerAddress address, IReadOnlyList<Socket> sockets, bool preferInlineScheduling)
    {
        Address = address;
        Sockets = sockets;
        PreferInlineScheduling = preferInlineScheduling;
        LocalEndPoints = [.. sockets.Select(s => s.LocalEndPoint!)];
        Closed = _closed.Token;
    }

    public string Name => Address.Listener;

    public ListenerAddress Address { get; }

    /// <summary>Where the sockets are bound, the port resolved: <see cref="IPEndPoint"/>s, or a <see cref="UnixDomainSocketEndPoint"/>.</summary>
    public IReadOnlyList<EndPoint> LocalEndPoints { get; }

    /// <summary>The port in use; <see langword="null"/> for a Unix socket.</summary>
    public int? Port => (LocalEndPoints[0] as IPEndPoint)?.Port;

    public bool PreferInlineScheduling { get; }

    /// <summary>Called for each client that is closed unserved because file descriptors run out.</summary>
    public Action? Rejected { get; set; }

    public IReadOnlyList<Socket> Sockets { get; }

    /// <summary>Whether somebody will accept its clients, as Kestrel does once it has started.</summary>
    public bool IsServed { get; set; }

    /// <summary>Done once the sockets listen, or never will.</summary>
    public Task Opened => _opened.Task;

    public CancellationToken Closed { get; }

    /// <summary>Lets the accept loops run; the sockets listen already.</summary>
    public void Open() => _opened.TrySetResult();

    /// <summary>Stops accepting at once; a Unix socket's file is gone afterwards. May be called more than once.</summary>
    public void Close()
    {
        _closed.Cancel();
        foreach (var socket in Sockets)
            socket.Dispose();
        _opened.TrySetResult();
    }

    public void Dispose() => Close();

    public override string ToString() => Name;
}
