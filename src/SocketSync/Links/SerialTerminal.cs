using System.IO.Pipes;
using System.IO.Ports;
using System.Reflection;
using System.Runtime.InteropServices;

namespace SocketSync;

/// <summary>
/// The bytes of a serial line. <see cref="SerialPort"/> opens the line and sets it up. Reading and writing are done here, on its
/// descriptor, because its own stream has faults on Unix: while a read is pending it polls a thousand times a second, a write
/// after the line has hung up never ends, and closing it then spins for ever.
/// </summary>
internal sealed partial class SerialTerminal : Stream
{
    /// <summary>What a character is assumed to be: a start bit, eight data bits, parity and stop bits.</summary>
    public const double BitsPerCharacter = 11;

    private const int Interrupted = 4;
    private const int LockExclusively = 2; // LOCK_EX
    private const int LockAtOnce = 4; // LOCK_NB
    private const short PollIn = 1;
    private const short PollHangUp = 8 | 16 | 32; // POLLERR, POLLHUP, POLLNVAL
    private static readonly int TryAgain = OperatingSystem.IsLinux() ? 11 : 35;
    private static readonly TimeSpan FullPause = TimeSpan.FromMilliseconds(5);

    private readonly SerialPort _port;
    private readonly SafeHandle _line;
    private readonly AnonymousPipeServerStream _wake;
    private readonly Lock _writing = new();
    private volatile bool _stopped;

    /// <param name="port">Is open, and is owned by this object from now on.</param>
    public SerialTerminal(SerialPort port)
    {
        _port = port;
        _line = port.BaseStream.GetType().GetField("_handle", BindingFlags.Instance | BindingFlags.NonPublic)?.GetValue(port.BaseStream) as SafeHandle
            ?? throw new NotSupportedException("This version of System.IO.Ports keeps its descriptor elsewhere.");
        _wake = new(PipeDirection.Out, HandleInheritability.None);
    }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>
    /// Claims the line until it is closed. TIOCEXCL, which <see cref="SerialPort"/> sets, lets root through, as whom a server in a container
    /// may run; this is what pyserial, picocom, minicom and systemd look at too (flock(2), advisory).
    /// </summary>
    /// <exception cref="IOException">Another program, or another resource of this one, has it.</exception>
    public void Claim()
    {
        if (Lock(_line, LockExclusively | LockAtOnce) == 0) return;
        var error = Marshal.GetLastPInvokeError();
        // A driver without locks is used without one.
        if (error == TryAgain) throw new IOException("another program has locked the line");
    }

    /// <summary>Has the driver switch the direction of an RS-485 line.</summary>
    /// <exception cref="IOException">The driver cannot do it.</exception>
    public void SetDirection(Rs485Options options)
    {
        Rs485Control.Set(_line, options);
        _isDirected = true;
    }

    /// <summary>
    /// Ends the pending read and any later one with 0 bytes. When it returns, no byte is written any more, and what the line had
    /// taken but not sent is dropped.
    /// </summary>
    public void Stop()
    {
        lock (_writing)
        {
            if (_stopped) return;
            _stopped = true;
            DropUnsent();
        }

        _wake.WriteByte(0);
    }

    /// <summary>Blocks until there are bytes.</summary>
    /// <exception cref="IOException">The line has hung up: its adapter was unplugged.</exception>
    public override int Read(Span<byte> buffer)
    {
        while (Wait())
        {
            var count = Read(_line, ref MemoryMarshal.GetReference(buffer), (nuint)buffer.Length);
            if (count > 0) return (int)count;
            if (count == 0) throw new IOException("the line has hung up");
            ThrowUnlessTemporary();
        }

        return 0;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <summary>Completes when the line has sent everything, so that a silence after it is a silence on the wire.</summary>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            var count = WriteSome(buffer.Span, cancellationToken);
            if (count > 0) buffer = buffer[count..];
            else await Task.Delay(FullPause, cancellationToken);
        }

        while (CountUnsent() is > 0 and var left)
            await Task.Delay(TimeSpan.FromSeconds(left * BitsPerCharacter / _port.BaudRate), cancellationToken);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
        // Nothing is kept here.
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Closes the line and drops what it has not sent. Takes as long as the driver does.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !_line.IsClosed)
        {
            Stop();
            // Not the port: its Dispose waits until everything is sent. This descriptor is all it holds.
            _line.Dispose();
            _wake.DisposeLocalCopyOfClientHandle(); // Dispose leaves that end to the garbage collector
            _wake.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Writes as much as the line takes, without waiting. Once stopped or cancelled, it writes nothing at all.</summary>
    private int WriteSome(ReadOnlySpan<byte> bytes, CancellationToken cancellationToken)
    {
        lock (_writing)
        {
            ThrowIfStopped();
            cancellationToken.ThrowIfCancellationRequested();
            var count = Write(_line, ref MemoryMarshal.GetReference(bytes), (nuint)bytes.Length);
            if (count < 0) ThrowUnlessTemporary();
            return (int)Math.Max(count, 0);
        }
    }

    private int CountUnsent()
    {
        lock (_writing)
        {
            ThrowIfStopped();
            return _port.BytesToWrite;
        }
    }

    private void DropUnsent()
    {
        try
        {
            // Otherwise the driver's close would wait for it, up to half a minute if flow control has stopped the line.
            _port.DiscardOutBuffer();
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            // The line has hung up.
        }
    }

    private void ThrowIfStopped()
    {
        if (_stopped) throw new IOException("the link is closed");
    }

    /// <summary>Whether there is something to read; false once stopped.</summary>
    private bool Wait()
    {
        var held = false;
        try
        {
            _line.DangerousAddRef(ref held);
            var files = new PollFile[]
            {
                new() { Descriptor = (int)_line.DangerousGetHandle(), Events = PollIn },
                new() { Descriptor = (int)_wake.ClientSafePipeHandle.DangerousGetHandle(), Events = PollIn },
            };
            while (!_stopped)
            {
                if (Poll(files, (nuint)files.Length, timeout: -1) < 0) ThrowUnlessTemporary();
                else if (_stopped) break;
                else if ((files[0].Happened & PollIn) != 0) return true;
                else if ((files[0].Happened & PollHangUp) != 0) throw new IOException("the line has hung up");
            }

            return false;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
        finally
        {
            if (held) _line.DangerousRelease();
        }
    }

    private static bool ThrowUnlessTemporary()
    {
        var error = Marshal.GetLastPInvokeError();
        if (error == TryAgain || error == Interrupted) return true;
        throw new IOException(Marshal.GetPInvokeErrorMessage(error));
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct PollFile
    {
        public int Descriptor;
        public short Events;
        public short Happened;
    }

    [DllImport("libc", EntryPoint = "poll", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Poll([In, Out] PollFile[] files, nuint count, int timeout);

    [DllImport("libc", EntryPoint = "flock", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Lock(SafeHandle file, int operation);

    [DllImport("libc", EntryPoint = "read", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint Read(SafeHandle file, ref byte buffer, nuint count);

    [DllImport("libc", EntryPoint = "write", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint Write(SafeHandle file, ref byte buffer, nuint count);
}
