using System.Runtime.InteropServices;

namespace SocketSync.Tests;

public class Rs485ControlTests
{
    [Theory]
    [InlineData(true, 0, 0, 0b011, 0, 0)]
    [InlineData(false, 0, 0, 0b101, 0, 0)]
    [InlineData(true, 1, 100, 0b011, 1, 100)]
    [InlineData(true, 1.2, 0.1, 0b011, 2, 1)]
    public void TheDriverIsToldInItsOwnStruct(bool rtsOnSend, double before, double after, uint flags, uint delayBefore, uint delayAfter)
    {
        var bytes = new byte[Rs485Control.StructBytes + 4];
        bytes.AsSpan().Fill(0xEE);
        Rs485Control.Write(
            new() { RtsOnSend = rtsOnSend, DelayBeforeSend = TimeSpan.FromMilliseconds(before), DelayAfterSend = TimeSpan.FromMilliseconds(after) }, bytes);
        Assert.Equal(32, Rs485Control.StructBytes);
        Assert.Equal([flags, delayBefore, delayAfter, 0, 0, 0, 0, 0, 0xEEEEEEEE], MemoryMarshal.Cast<byte, uint>(bytes).ToArray());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ADriverWithoutItIsToldInOneLineThatNamesTheKey(bool rtsOnSend)
    {
        using var cable = PseudoTerminals.Connect();
        var link = new SerialLink(new() { Device = cable.Line }, framesEndBySilence: true, new() { RtsOnSend = rtsOnSend });
        var refused = await link.RefusedAsync();
        Assert.StartsWith($"serial {cable.Line}: its driver has no RS-485 direction control (Link:Rs485): ", refused.Message, StringComparison.Ordinal);

        await using var open = await new SerialLink(new() { Device = cable.Line }, framesEndBySilence: true).OpenAsync(LinkTesting.Token);
        await open.SendAsync("x"); // the line itself is as it was
        Assert.Equal("x"u8.ToArray(), await cable.ReceiveAsync(1));
    }
}
