using Microsoft.Extensions.Logging.Abstractions;

namespace SocketSync.Tests;

public class LinkFactoryTests
{
    [Fact]
    public void EachKindIsMadeFromItsSection()
    {
        Assert.Equal("tcp a:1", Create(new() { Tcp = new() { Host = "a", Port = 1 } }).Description);
        var serial = Create(new() { Serial = new() { Device = "/dev/x" } });
        Assert.Equal(("serial /dev/x", true), (serial.Description, serial.KeepsLateBytes));
        Assert.True(serial.FrameGap > TimeSpan.Zero);
        Assert.Equal("process cat", Create(new() { Process = new() { FileName = "/bin/cat" } }).Description);
        Assert.Equal(("udp a:1", 65507), (Create(new() { Udp = new() { Host = "a", Port = 1 } }).Description, Create(new() { Udp = new() { Host = "a", Port = 1 } }).DatagramBytes));
        Assert.Throws<ArgumentException>(() => Create(new()));
    }

    private static ILink Create(LinkOptions options) => LinkFactory.Create(options, framesEndBySilence: true, NullLoggerFactory.Instance, TimeProvider.System);
}
