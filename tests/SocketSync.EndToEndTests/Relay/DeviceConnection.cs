using System.Diagnostics;
using System.Net.Sockets;

namespace SocketSync.EndToEndTests;

/// <summary>One connection to the scripted device.</summary>
internal sealed class DeviceConnection(ScriptedDevice device, Socket socket, int number) : IDisposable
{
    private const int TcpInfo = 11;
    private const byte Established = 1;

    private readonly byte[] _buffer = new byte[65536];
    private readonly SemaphoreSlim _sending = new(1, 1);
    private int _count;

    public int Number => number;

    public long OpenedAt { get; } = Stopwatch.GetTimestamp();

    public bool IsClosed { get; private set; }

    /// <summary>Whether neither side has ended it, as the system knows at this moment, whatever was read.</summary>
    public bool IsOpen
    {
        get
        {
            if (IsClosed) return false;
            try
            {
                Span<byte> info = stackalloc byte[256];
                socket.GetRawSocketOption((int)SocketOptionLevel.Tcp, TcpInfo, info);
                return info[0] == Established;
            }
            catch (Exception error) when (error is ObjectDisposedException or SocketException)
            {
                return false;
            }
        }
    }

    public async Task ServeAsync(CancellationToken end)
    {
        try
        {
            while (await ReceiveAsync(end) is { } request)
            {
                var service = device.Begin(this, request);
                await device.Script(service);
                device.End(service);
            }

            await device.AtEnd(this);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // One side has ended it.
        }
        finally
        {
            device.EndAll(this);
            Close(reset: false);
        }
    }

    public async Task<IDisposable> LockAsync()
    {
        await _sending.WaitAsync();
        return new Release(_sending);
    }

    public async Task SendRawAsync(ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0) bytes = bytes[await socket.SendAsync(bytes)..];
    }

    /// <summary>A request that is there before the reply to the one before it was sent too early.</summary>
    public void CheckNothingWaits(DeviceService service)
    {
        if (device.MayBePipelined) return;
        if (_count > 0 || (!IsClosed && socket.Available > 0)) device.Violate($"a request was written during {service}");
    }

    public void Close(bool reset)
    {
        if (IsClosed) return;
        IsClosed = true;
        if (reset) socket.LingerState = new(enable: true, seconds: 0);
        else End();
        socket.Dispose();
    }

    public void Dispose()
    {
        Close(reset: false);
        _sending.Dispose();
    }

    // Said first: a socket that is disposed of during a receive may be reset.
    private void End()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The other side was sooner.
        }
    }

    private async Task<byte[]?> ReceiveAsync(CancellationToken end)
    {
        int length;
        while ((length = device.Dialect.RequestLength(_buffer.AsSpan(0, _count))) == 0)
        {
            var received = await socket.ReceiveAsync(_buffer.AsMemory(_count), end);
            if (received == 0) return null;
            _count += received;
        }

        var request = _buffer[..length];
        _buffer.AsSpan(length, _count - length).CopyTo(_buffer);
        _count -= length;
        return request;
    }

    private sealed class Release(SemaphoreSlim semaphore) : IDisposable
    {
        public void Dispose() => semaphore.Release();
    }
}
