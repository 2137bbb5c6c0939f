using System.ComponentModel;
using System.Net;
using System.Net.Sockets;

namespace SocketSync;

/// <summary>Connects a socket for an <see cref="EventLoop"/>, without the runtime ever watching it.</summary>
internal sealed class LoopConnector : IReadyHandler
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Socket _socket;
    private readonly EventLoop _loop;
    private readonly int _descriptor;
    private long _key;
    private bool _isOver; // read and written on the loop's thread

    private LoopConnector(Socket socket, EventLoop loop)
    {
        _socket = socket;
        _loop = loop;
        _descriptor = (int)socket.SafeHandle.DangerousGetHandle();
    }

    /// <summary>Connects to the first of the host's addresses that takes the connection.</summary>
    /// <param name="host">A name or an address.</param>
    /// <param name="port">The port.</param>
    /// <param name="loop">Waits for the connection.</param>
    /// <param name="setUp">Sets the options of a socket before it is connected.</param>
    /// <param name="cancellationToken">Ends the attempt; nothing stays open then.</param>
    /// <returns>The connected socket, for a <see cref="LoopConnection"/>.</returns>
    /// <exception cref="SocketException">No address takes the connection: that of the last one; or the host has none.</exception>
    public static async Task<Socket> ConnectAsync(string host, int port, EventLoop loop, Action<Socket> setUp, CancellationToken cancellationToken)
    {
        SocketException? refused = null;
        foreach (var address in await Dns.GetHostAddressesAsync(host, cancellationToken))
        {
            Socket? socket = null;
            try
            {
                socket = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
                setUp(socket);
                await ConnectAsync(socket, new IPEndPoint(address, port), loop, cancellationToken);
                return socket;
            }
            catch (SocketException e)
            {
                socket?.Dispose();
                refused = e;
            }
            catch
            {
                socket?.Dispose();
                throw;
            }
        }

        throw refused ?? new SocketException((int)SocketError.HostNotFound);
    }

    public void OnReady(Readiness readiness)
    {
        End();
        if (_socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error) is int error and not 0)
            _done.TrySetException(new SocketException(error));
        else
            _done.TrySetResult();
    }

    private static async Task ConnectAsync(Socket socket, EndPoint address, EventLoop loop, CancellationToken cancellationToken)
    {
        var attempt = new LoopConnector(socket, loop);
        if (SocketCalls.Connect(attempt._descriptor, address.Serialize()) == 0)
            return;
        if (SocketCalls.LastError is var error and not SocketCalls.InProgress)
            throw SocketCalls.Exception(error);

        loop.Post(attempt.Begin);
        await using (cancellationToken.UnsafeRegister(static attempt => ((LoopConnector)attempt!).GiveUp(), attempt))
            await attempt._done.Task;
        cancellationToken.ThrowIfCancellationRequested();
    }

    // On the loop's thread, so that the key is known before anything is ready.
    private void Begin()
    {
        try
        {
            _key = _loop.Add(_descriptor, Readiness.Writable, this);
        }
        catch (Win32Exception e)
        {
            _isOver = true; // the system can watch no more; nothing may end the loop's thread
            _done.TrySetException(new SocketException((int)SocketError.NoBufferSpaceAvailable, e.Message));
        }
    }

    private void GiveUp() => _loop.Post(() =>
    {
        if (_isOver)
            return;
        End();
        _done.TrySetCanceled();
    });

    private void End()
    {
        _isOver = true;
        _loop.Remove(_descriptor, _key);
    }
}
