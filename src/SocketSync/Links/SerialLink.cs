using System.IO.Pipelines;
using System.IO.Ports;

namespace SocketSync;

/// <summary>A device on a serial line.</summary>
/// <param name="options">The line and its settings.</param>
/// <param name="framesEndBySilence">The device tells frames apart by the silence between them, as Modbus RTU does.</param>
/// <param name="direction">How the driver switches the direction of an RS-485 line; <see langword="null"/> if it is not asked to.</param>
internal sealed class SerialLink(SerialLinkOptions options, bool framesEndBySilence, Rs485Options? direction = null) : ILink
{
    private Task _givenUp = Task.CompletedTask;

    public string Description { get; } = $"serial {options.Device}";

    public bool KeepsLateBytes => true;

    public TimeSpan FrameGap { get; } = framesEndBySilence ? SilenceAt(options.BaudRate) : TimeSpan.Zero;

    /// <summary>
    /// Three and a half characters of 11 bits; above 19200 Bd always 1.750 ms (Modbus over Serial Line V1.02, 2.5.1.1).
    /// </summary>
    public static TimeSpan SilenceAt(int baudRate) =>
        baudRate > 19200 ? TimeSpan.FromMilliseconds(1.75) : TimeSpan.FromSeconds(3.5 * SerialTerminal.BitsPerCharacter / baudRate);

    public async ValueTask<IOpenLink> OpenAsync(CancellationToken cancellationToken)
    {
        // An attempt that was given up may still be under way, and its lock would be taken for another program's.
        await Task.WhenAny(_givenUp).WaitAsync(cancellationToken);

        // A driver may be slow. If nobody waits any more when the line is open, it is closed again.
        var opening = Task.Run(Open, CancellationToken.None);
        try
        {
            return await opening.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            _givenUp = CloseLateAsync(opening);
            _givenUp.Observe();
            throw;
        }
    }

    private static async Task CloseLateAsync(Task<OpenSerialLink> opening)
    {
        try
        {
            await (await opening).DisposeAsync();
        }
        catch (LinkException)
        {
            // Nobody waits to hear that it could not be opened.
        }
    }

    private OpenSerialLink Open()
    {
        if (OperatingSystem.IsWindows()) throw new LinkException($"{Description}: serial lines are not supported on Windows");
        SerialPort? port = null;
        SerialTerminal? terminal = null;
        try
        {
            port = OpenPort();
            terminal = new(port);
            terminal.Claim();
            if (direction is not null) terminal.SetDirection(direction);
            return new(terminal, Description);
        }
        catch (Exception e)
        {
            if (terminal is not null) terminal.Dispose();
            else port?.Dispose();
            if (e is IOException or UnauthorizedAccessException) throw LinkException.Of(Description, e);
            if (e is ArgumentException) throw new LinkException($"{Description}: cannot have these settings: {Settings()}", e);
            // A server in a single file may have been copied without it.
            if (e.GetBaseException() is DllNotFoundException) throw new LinkException($"{Description}: needs libSystem.IO.Ports.Native beside the program, and it is not there", e);
            throw;
        }
    }

    private SerialPort OpenPort()
    {
        try
        {
            return OpenPort(ready: true);
        }
        catch (IOException)
        {
            return OpenPort(ready: false); // A virtual line has none of these signals.
        }
    }

    private SerialPort OpenPort(bool ready)
    {
        var port = new SerialPort(options.Device, options.BaudRate, options.Parity, options.DataBits, options.StopBits)
        {
            Handshake = options.Handshake,
            DtrEnable = ready, // Many devices and level converters get their power from these two; terminals raise them too.
            RtsEnable = ready && (direction is null || Rs485Control.IdleRts(direction)), // a transmitter must not be on from here
        };
        port.Open();
        return port;
    }

    private string Settings() => $"{options.BaudRate} Bd, {options.DataBits} data bits, parity {options.Parity}, stop bits {options.StopBits}";
}

/// <summary>A serial line that is open.</summary>
internal sealed class OpenSerialLink : IOpenLink
{
    /// <summary>How long a driver may take to close the line; then nobody waits for it any more.</summary>
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(2);

    private readonly SerialTerminal _terminal;
    private readonly BlockingInput _input;
    private readonly Task _watch;

    public OpenSerialLink(SerialTerminal terminal, string description)
    {
        _terminal = terminal;
        _input = new(terminal, description);
        // A serial line has no end of a stream to pass on.
        Output = new LinkOutput(PipeWriter.Create(terminal, new StreamPipeWriterOptions(leaveOpen: true)), () => ValueTask.CompletedTask);
        _watch = _input.CompleteAtEndAsync(description);
    }

    public PipeReader Input => _input.Reader;

    public PipeWriter Output { get; }

    public SerialTerminal? Line => _terminal;

    public async ValueTask DisposeAsync()
    {
        _terminal.Stop();
        await _input.CompleteAsync(null);
        var closing = Task.Run(async () =>
        {
            await _watch; // the descriptors are polled until then
            await _terminal.DisposeAsync();
        });
        closing.Forget();
        await closing.WaitAsync(CloseTimeout).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
