using System.Diagnostics;
using System.IO.Ports;

namespace SocketSync.Tests;

[Collection(nameof(CountsEverything))]
public class SerialLinkTests
{
    [Theory]
    [InlineData(9600, 4.0104)]
    [InlineData(19200, 2.0052)]
    [InlineData(19201, 1.75)]
    [InlineData(115200, 1.75)]
    [InlineData(300, 128.333)]
    public void TheSilenceBetweenFramesIsThatOfModbus(int baudRate, double milliseconds)
    {
        var options = new SerialLinkOptions { Device = "/dev/x", BaudRate = baudRate };
        Assert.Equal(milliseconds, new SerialLink(options, framesEndBySilence: true).FrameGap.TotalMilliseconds, tolerance: 0.001);
        Assert.Equal(TimeSpan.Zero, new SerialLink(options, framesEndBySilence: false).FrameGap);
    }

    [Fact]
    public async Task EveryByteGoesBothWaysUnchanged()
    {
        using var cable = PseudoTerminals.Connect();
        await using var link = await OpenAsync(cable);
        var bytes = Enumerable.Range(0, 256).Select(i => (byte)i).ToArray();
        var text = System.Text.Encoding.Latin1.GetString(bytes);

        await link.SendAsync(text);
        Assert.Equal(bytes, await cable.ReceiveAsync(256));
        await cable.Device.WriteAsync(bytes, LinkTesting.Token);
        await link.ExpectAsync(text);
    }

    [Fact]
    public async Task MoreThanTheLineTakesAtOnceIsSentAsItIsTaken()
    {
        using var cable = PseudoTerminals.Connect();
        await using var link = await OpenAsync(cable);
        var bytes = new byte[100_000];
        new Random(7).NextBytes(bytes);
        var flush = link.Output.WriteAsync(bytes, LinkTesting.Token).AsTask();
        Assert.Equal(bytes, await cable.ReceiveAsync(bytes.Length));
        Assert.False((await flush.Soon()).IsCompleted);
    }

    [Fact]
    public async Task ClosedAndOpenedAgainItIsTheSameLine()
    {
        using var cable = PseudoTerminals.Connect();
        for (var i = 0; i < 3; i++)
        {
            await using var link = await OpenAsync(cable);
            await link.SendAsync("?");
            Assert.Equal("?"u8.ToArray(), await cable.ReceiveAsync(1));
        }
    }

    /// <summary>Root, who may open a line that is open already, included.</summary>
    [Fact]
    public async Task ALineHasOneUser()
    {
        using var cable = PseudoTerminals.Connect();
        using var other = PseudoTerminals.Connect();
        await using (await OpenAsync(cable))
        {
            var refused = await Assert.ThrowsAsync<LinkException>(() => OpenAsync(cable));
            Assert.StartsWith($"serial {cable.Line}: ", refused.Message, StringComparison.Ordinal);
            if (Environment.IsPrivilegedProcess) Assert.EndsWith("another program has locked the line", refused.Message, StringComparison.Ordinal);
            await using var free = await OpenAsync(other);
        }

        await using var again = await OpenAsync(cable);
        await again.SendAsync("?");
        Assert.Equal("?"u8.ToArray(), await cable.ReceiveAsync(1));
    }

    [Fact]
    public async Task AnUnpluggedLineIsLostAndNothingOnItHangs()
    {
        using var cable = PseudoTerminals.Connect();
        var link = await OpenAsync(cable);
        cable.Unplug();
        Assert.Equal($"serial {cable.Line}: the line has hung up", (await link.ExpectLossAsync()).Message);
        Assert.True((await link.Output.WriteAsync("x"u8.ToArray(), LinkTesting.Token).Soon()).IsCompleted);
        await link.DisposeAsync().Soon();
    }

    [Fact]
    public async Task ClosingEndsAReadAndAFlushThatArePending()
    {
        using var cable = PseudoTerminals.Connect();
        var link = await OpenAsync(cable);
        var read = link.Input.ReadAsync(LinkTesting.Token).AsTask();
        var flush = link.Output.WriteAsync(new byte[1 << 20], LinkTesting.Token).AsTask();
        Assert.False(flush.IsCompleted);

        var closing = Stopwatch.StartNew();
        await link.DisposeAsync().Soon();

        Assert.InRange(closing.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(2));
        Assert.True((await read.Soon()).IsCompleted);
        Assert.True((await flush.Soon()).IsCompleted);
    }

    [Fact]
    public async Task AFlushCanBeCancelled()
    {
        using var cable = PseudoTerminals.Connect();
        await using var link = await OpenAsync(cable);
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => link.Output.WriteAsync(new byte[1 << 20], patience.Token).Soon());
    }

    [Fact]
    public async Task AnIdleLineCostsNoTimeOfTheProcessor()
    {
        using var cable = PseudoTerminals.Connect();
        await using var link = await OpenAsync(cable);
        var read = link.Input.ReadAsync(LinkTesting.Token);
        using var self = Process.GetCurrentProcess();

        // The one thing here that is about time passing: the link's own thread, over half a second in which nothing happens.
        var before = ThreadTime(cable.Line);
        await Task.Delay(500, LinkTesting.Token);
        Assert.InRange(ThreadTime(cable.Line) - before, 0, 1);
        Assert.False(read.IsCompleted);
    }

    [Theory]
    [InlineData("/dev/no-such-line", "no such file or directory")]
    [InlineData("/etc/passwd", "inappropriate ioctl for device")]
    public async Task ALineThatIsNotThereIsToldInOneLine(string device, string words) =>
        Assert.Contains(words, (await new SerialLink(new() { Device = device }, false).RefusedAsync()).Message, StringComparison.OrdinalIgnoreCase);

    private static async Task<IOpenLink> OpenAsync(PseudoTerminals cable) =>
        await new SerialLink(new() { Device = cable.Line, BaudRate = 115200, Handshake = Handshake.None }, false)
            .OpenAsync(default).Soon();

    /// <summary>In ticks of the system, of 10 ms.</summary>
    private static long ThreadTime(string line)
    {
        // A thread's name is cut to 15 characters.
        var name = $"serial {line}"[..15];
        var stat = Directory.GetDirectories("/proc/self/task").Select(t => File.ReadAllText(t + "/stat")).Single(s => s.Contains($"({name})", StringComparison.Ordinal));
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return fields.Skip(11).Take(2).Sum(f => long.Parse(f, System.Globalization.CultureInfo.InvariantCulture));
    }
}
