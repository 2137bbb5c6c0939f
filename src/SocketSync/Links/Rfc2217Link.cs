using System.Buffers.Binary;
using System.IO.Pipelines;

namespace SocketSync;

/// <summary>A device on a serial line of another server, which is reached by telnet and sets the line as it is told (RFC 2217).</summary>
/// <param name="options">The server, and how its line is set.</param>
/// <param name="framesEndBySilence">The device tells frames apart by the silence between them, as Modbus RTU does.</param>
/// <param name="giveUpAfter">As for <see cref="TcpLink"/>.</param>
internal sealed class Rfc2217Link(Rfc2217LinkOptions options, bool framesEndBySilence, TimeSpan? giveUpAfter = null) : ILink
{
    private readonly TcpLink _way = new(new TcpLinkOptions { Host = options.Host, Port = options.Port }, giveUpAfter);

    public string Description { get; } = $"rfc2217 {TcpLink.Bracketed(options.Host.Trim('[', ']'))}:{options.Port}";

    /// <summary>Opening the connection again does not empty the line behind the server.</summary>
    public bool KeepsLateBytes => true;

    public TimeSpan FrameGap { get; } = framesEndBySilence ? SerialLink.SilenceAt(options.BaudRate) : TimeSpan.Zero;

    public async ValueTask<IOpenLink> OpenAsync(CancellationToken cancellationToken)
    {
        IOpenLink way;
        try
        {
            way = await _way.OpenAsync(cancellationToken);
        }
        catch (LinkException e)
        {
            throw new LinkException($"{Description}{e.Message[_way.Description.Length..]}", e.InnerException);
        }

        var open = new OpenRfc2217Link(way, new LineClient(options));
        try
        {
            if (await open.SetUpAsync(cancellationToken) is { } refused) throw new LinkException($"{Description}: {refused}");
            return open;
        }
        catch
        {
            await open.DisposeAsync();
            throw;
        }
    }
}

/// <summary>A connection to a server of serial lines.</summary>
internal sealed class OpenRfc2217Link : IOpenLink
{
    private readonly IOpenLink _way;
    private readonly LineClient _line;
    private readonly PooledBuffer _hello = new();
    private readonly TelnetWriter _writer;
    private readonly TelnetInput _input;

    public OpenRfc2217Link(IOpenLink way, LineClient line)
    {
        (_way, _line) = (way, line);
        _writer = new TelnetWriter(way.Output);
        line.WriteHello();
        _hello.Set(new(line.Replies.Written));
        line.Replies.Clear(); // from now on that of the thread that reads
        _input = new TelnetInput(way.Input, line, _writer);
        Output = new LinkOutput(_writer, () => way.Output.CompleteAsync());
    }

    public PipeReader Input => _input.Reader;

    public PipeWriter Output { get; }

    public bool IsEnded => _way.IsEnded;

    /// <summary>Has the server set its line.</summary>
    /// <returns>What it refuses; <see langword="null"/> if the line is as it should be.</returns>
    public async ValueTask<string?> SetUpAsync(CancellationToken cancellationToken)
    {
        if (!await _writer.SendAsync(_hello)) return UnaskedInput.ClosedByDevice;
        var over = await Task.WhenAny(_line.IsSet, _input.Left).WaitAsync(cancellationToken);
        return over == _line.IsSet ? await _line.IsSet : (await _input.Left)?.Message ?? "the server has closed the connection";
    }

    public async ValueTask DisposeAsync()
    {
        await _way.DisposeAsync(); // ends the pending read
        await _input.CompleteAsync(null);
    }
}

/// <summary>The telnet end of one who uses a serial line of another server: has the line set, once.</summary>
internal sealed class LineClient(Rfc2217LinkOptions options) : TelnetEnd
{
    private readonly TaskCompletionSource<string?> _isSet = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _confirmed;

    /// <summary>Completes when the server has set the line, with what it refuses.</summary>
    public Task<string?> IsSet => _isSet.Task;

    /// <summary>Offers the option of RFC 2217, and wants all eight bits to pass in both directions (RFC 856).</summary>
    public void WriteHello()
    {
        OfferWill(ComPort.Option);
        OfferWill(Binary);
        AskDo(Binary);
        OfferWill(SuppressGoAhead);
        AskDo(SuppressGoAhead);
    }

    // Servers offer to echo, as people want it; a device's reply must not have the request before it, and servers of lines never echo.
    protected override bool Accepts(byte option, bool isOurs) => option is Binary or SuppressGoAhead or ComPort.Option || (option == Echo && !isOurs);

    protected override void OnAnswer(byte option, bool isOurs, bool isOn)
    {
        if (option != ComPort.Option || !isOurs) return;
        if (!isOn)
        {
            _isSet.TrySetResult("the server does not let its line be set (RFC 2217)");
            return;
        }

        ComPort.WriteBaudRate(Replies, ComPort.SetBaudRate, options.BaudRate);
        ComPort.Write(Replies, ComPort.SetDataSize, [(byte)options.DataBits]);
        ComPort.Write(Replies, ComPort.SetParity, [ComPort.CodeOf(options.Parity)]);
        ComPort.Write(Replies, ComPort.SetStopSize, [ComPort.CodeOf(options.StopBits)]);
    }

    protected override void OnSubnegotiation(ReadOnlySpan<byte> bytes)
    {
        if (bytes is not [ComPort.Option, var command, .. var value]) return;
        switch (command - ComPort.FromServer)
        {
            case ComPort.SetBaudRate when value.Length == sizeof(int):
                Confirm(ComPort.SetBaudRate, $"BaudRate {options.BaudRate}", BinaryPrimitives.ReadInt32BigEndian(value) == options.BaudRate);
                break;
            case ComPort.SetDataSize when value.Length == 1:
                Confirm(ComPort.SetDataSize, $"DataBits {options.DataBits}", value[0] == options.DataBits);
                break;
            case ComPort.SetParity when value.Length == 1:
                Confirm(ComPort.SetParity, $"Parity {options.Parity}", value[0] == ComPort.CodeOf(options.Parity));
                break;
            case ComPort.SetStopSize when value.Length == 1:
                Confirm(ComPort.SetStopSize, $"StopBits {options.StopBits}", value[0] == ComPort.CodeOf(options.StopBits));
                break;
        }
    }

    /// <summary>The server tells how its line is set now; where that is not as asked for, it cannot do it.</summary>
    private void Confirm(byte command, string what, bool isSo)
    {
        if (!isSo) _isSet.TrySetResult($"the server's line cannot have {what}");
        _confirmed |= 1 << command;
        if (_confirmed == (1 << ComPort.SetBaudRate | 1 << ComPort.SetDataSize | 1 << ComPort.SetParity | 1 << ComPort.SetStopSize))
            _isSet.TrySetResult(null);
    }
}
