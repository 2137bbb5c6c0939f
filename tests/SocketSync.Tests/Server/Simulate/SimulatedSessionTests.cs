using System.IO.Pipelines;
using System.Text;
using Microsoft.Extensions.Time.Testing;

namespace SocketSync.Tests;

public sealed class SimulatedSessionTests : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(15);

    private readonly FakeTimeProvider _time = new();
    private readonly StringWriter _printed = new();
    private readonly Pipe _toDevice = new();
    private readonly Pipe _fromDevice = new();
    private readonly CancellationTokenSource _stop = new();

    public void Dispose()
    {
        _stop.Dispose();
        _printed.Dispose();
    }

    [Fact]
    public async Task LinesAreNumberedInOrderHoweverTheyEnd()
    {
        var serving = Serve(new SimulatedLines());
        await SendAsync("a\nb\r\nc\r");
        Assert.Equal("1: A\n2: B\r\n3: C\r\n", await ReceiveAsync(17));
        await _toDevice.Writer.CompleteAsync();
        await serving.WaitAsync(Bound, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task EachReplyWaitsForTheDelay()
    {
        var serving = Serve(new SimulatedLines(), TimeSpan.FromSeconds(2));
        await SendAsync("a\n");
        await UntilAsync(() => _printed.ToString().Contains("request 1", StringComparison.Ordinal));
        _time.Advance(TimeSpan.FromSeconds(1.9));
        Assert.False(_fromDevice.Reader.TryRead(out _));
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal("1: A\n", await ReceiveAsync(5));
        await StopAsync(serving);
    }

    [Fact]
    public async Task TheThirdReplyComesTwice()
    {
        var serving = Serve(new SimulatedLines(), misbehaviours: Misbehaviour.Twice);
        await SendAsync("a\nb\nc\nd\n");
        Assert.Equal("1: A\n2: B\n3: C\n3: C\n4: D\n", await ReceiveAsync(25));
        Assert.Contains("request 3: 'c' -> '3: C' (twice, as --misbehave says)", _printed.ToString(), StringComparison.Ordinal);
        await StopAsync(serving);
    }

    [Fact]
    public async Task WhatGoesWrongTakesTurns()
    {
        var serving = Serve(new SimulatedLines(), misbehaviours: [Misbehaviour.Silent, Misbehaviour.HangUp]);
        await SendAsync("a\nb\nc\nd\ne\nf\ng\n");
        Assert.Equal("1: A\n2: B\n4: D\n5: E\n", await ReceiveAsync(20));
        await serving.WaitAsync(Bound, TestContext.Current.CancellationToken); // it has hung up
        Assert.DoesNotContain("'g'", _printed.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ALateReplyComesWhenARelayHasGivenUp()
    {
        var serving = Serve(new SimulatedLines(), misbehaviours: Misbehaviour.Late);
        await SendAsync("a\nb\nc\n");
        Assert.Equal("1: A\n2: B\n", await ReceiveAsync(10));
        await UntilAsync(() => _printed.ToString().Contains("request 3", StringComparison.Ordinal));
        _time.Advance(new LinkOptions().ReplyTimeout);
        Assert.False(_fromDevice.Reader.TryRead(out _));
        _time.Advance(SimulatedManners.LateBy);
        Assert.Equal("3: C\n", await ReceiveAsync(5));
        await StopAsync(serving);
    }

    [Fact]
    public async Task ALineHasNothingToHangUp()
    {
        var serving = Serve(new SimulatedLines(), isConnection: false, misbehaviours: Misbehaviour.HangUp);
        await SendAsync("a\nb\nc\nd\n");
        Assert.Equal("1: A\n2: B\n4: D\n", await ReceiveAsync(15));
        await StopAsync(serving);
    }

    /// <summary>A request that has no reply has none that could go wrong.</summary>
    [Fact]
    public async Task OnlyRepliesAreCounted()
    {
        var serving = Serve(new SimulatedInstrument(), misbehaviours: Misbehaviour.Twice);
        await SendAsync("VOLT 1\nVOLT 2\nVOLT 3\nVOLT?\n*OPC?\n*OPC?\n");
        Assert.Equal("3.000\n1\n1\n1\n", await ReceiveAsync(12));
        await StopAsync(serving);
    }

    [Fact]
    public async Task OnALineNoiseIsForgottenWhenItIsSilent()
    {
        var serving = Serve(new SimulatedModbus(ModbusRtu.Definition, [1]), isConnection: false);
        await _toDevice.Writer.WriteAsync(PlainModbus.Rtu(1, 3, 0, 7, 0, 1).AsMemory(0, 5), TestContext.Current.CancellationToken);
        await UntilAsync(() =>
        {
            _time.Advance(TimeSpan.FromMilliseconds(250));
            return _printed.ToString().Contains("no whole request: [01 03 00 07 00], ignored", StringComparison.Ordinal);
        });
        await _toDevice.Writer.WriteAsync((byte[])[1, 3, 0, 7, 0, 1, 0, 0], TestContext.Current.CancellationToken);
        await UntilAsync(() => _printed.ToString().Contains("no request of this protocol", StringComparison.Ordinal));

        await _toDevice.Writer.WriteAsync(PlainModbus.Rtu(1, 3, 0, 7, 0, 1), TestContext.Current.CancellationToken);
        Assert.Equal(Encoding.Latin1.GetString(PlainModbus.Rtu(1, 3, 2, 0, 7)), await ReceiveAsync(7));
        await StopAsync(serving);
    }

    [Fact]
    public async Task OverTcpWhatIsNoRequestEndsTheConnection()
    {
        var serving = Serve(new SimulatedModbus(ModbusTcp.Definition, []));
        await SendAsync("GET / HTTP/1.1\r\n");
        await serving.WaitAsync(Bound, TestContext.Current.CancellationToken);
        Assert.Contains("no request of this protocol", _printed.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatClientsSendForgesNoLine()
    {
        var serving = Serve(new SimulatedInstrument());
        await SendAsync("\u001b[2J\rrequest 7: mine\n");
        await UntilAsync(() => _printed.ToString().Contains("request 1", StringComparison.Ordinal));
        Assert.Contains(@"request 1: '\u001B[2J\rrequest 7: mine'", _printed.ToString(), StringComparison.Ordinal);
        await StopAsync(serving);
    }

    private Task Serve(ISimulatedDevice device, TimeSpan delay = default, bool isConnection = true, params Misbehaviour[] misbehaviours) =>
        new SimulatedSession(device, new(delay, misbehaviours), new(TextWriter.Synchronized(_printed), _time), _time)
            .RunAsync(_toDevice.Reader, _fromDevice.Writer, isConnection, _stop.Token);

    private async Task StopAsync(Task serving)
    {
        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => serving.WaitAsync(Bound));
    }

    private async Task SendAsync(string text) => await _toDevice.Writer.WriteAsync(Encoding.Latin1.GetBytes(text), TestContext.Current.CancellationToken);

    private async Task<string> ReceiveAsync(int count)
    {
        var result = await _fromDevice.Reader.ReadAtLeastAsync(count, TestContext.Current.CancellationToken).AsTask().WaitAsync(Bound);
        var text = Encoding.Latin1.GetString(result.Buffer);
        _fromDevice.Reader.AdvanceTo(result.Buffer.End);
        return text;
    }

    private static async Task UntilAsync(Func<bool> state)
    {
        using var limit = new CancellationTokenSource(Bound);
        while (!state()) await Task.Delay(5, limit.Token);
    }
}
