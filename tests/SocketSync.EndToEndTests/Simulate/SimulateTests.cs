namespace SocketSync.EndToEndTests;

/// <summary>The commands <c>simulate</c> and <c>ask</c>, without a relay between them.</summary>
public sealed class SimulateTests
{
    private const int Terminate = 15;
    private const int Interrupt = 2;

    private static readonly string Server = ServerProcess.Assembly("ServerAssembly");

    [Theory]
    [InlineData(Terminate)]
    [InlineData(Interrupt)]
    public async Task ASignalEndsItInOrderWhateverItsClientDoes(int signal)
    {
        await using var device = await SimulatedDevice.StartAsync("line", "--delay", "00:10:00");
        using var client = await TestClient.ConnectAsync(device.Port);
        await client.SendAsync("a\n");
        await device.WaitForAsync("request 1: 'a'");

        device.Process.Signal(signal);
        Assert.Equal(0, await device.Process.ExitAsync(TimeSpan.FromSeconds(5)));
        Assert.Empty(device.Process.Errors);
    }

    [Fact]
    public async Task ItTakesOneConnectionAtATime()
    {
        await using var device = await SimulatedDevice.StartAsync("line");
        using (var first = await TestClient.ConnectAsync(device.Port))
        {
            Assert.Equal("1: A", await first.AskAsync("a"));
            using var second = await TestClient.ConnectAsync(device.Port);
            Assert.Equal("", await second.WaitForCloseAsync());
            Assert.Equal("2: B", await first.AskAsync("b"));
        }

        using var next = await TestClient.ConnectAsync(device.Port);
        Assert.Equal("3: C", await next.AskAsync("c"));
    }

    [Fact]
    public async Task ItKeepsWhatIsWrittenFromOneConnectionToTheNext()
    {
        Tool.Require("mbpoll");
        await using var device = await SimulatedDevice.StartAsync("modbus");
        await Mbpoll.WriteAsync(device.Port, unit: 7, reference: 1, 70, 71);
        Assert.Equal("[1]: 70 [2]: 71 [3]: 2", await Mbpoll.ReadAsync(device.Port, unit: 7, reference: 1, count: 3));
        Assert.Equal("[1]: 0", await Mbpoll.ReadAsync(device.Port, unit: 8, reference: 1));
        Assert.Contains(device.Requests, request => request.StartsWith("unit 7: write 2 holding registers from 0: 70 71 [", StringComparison.Ordinal));
    }

    [Fact]
    public async Task APortInUseIsToldInOneLine()
    {
        await using var device = await SimulatedDevice.StartAsync("line");
        await using var second = new ChildProcess("dotnet", [Server, "simulate", "scpi", "--listen", $"127.0.0.1:{device.Port}"]);
        await FailedStart.AssertRefusedAsync(second, "--listen", $"127.0.0.1:{device.Port}", "is already in use");
    }

    [Fact]
    public async Task ASerialLineThatIsNotThereIsMadeAndTakenAway()
    {
        using var files = new TestFiles();
        await using var device = await SimulatedDevice.StartAsync("scpi", "--serial", files["line"]);
        await using (var server = await ServerProcess.StartAsync(RelaySettings.Of("Scpi", $$""" "Serial": { "Device": "{{files["line"]}}" } """)))
        {
            using var client = await server.ConnectAsync();
            Assert.Equal("SocketSync,Simulator,0,1.0", await client.AskAsync("*IDN?"));
            Assert.Equal("5.000", await client.AskAsync("VOLT 5;MEAS:VOLT?"));
        }

        // Another server finds it as it was.
        await using (var server = await ServerProcess.StartAsync(RelaySettings.Of("Scpi", $$""" "Serial": { "Device": "{{files["line"]}}" } """)))
        {
            using var client = await server.ConnectAsync();
            Assert.Equal("5.000", await client.AskAsync("VOLT?"));
        }

        device.Process.Terminate();
        Assert.Equal(0, await device.Process.ExitAsync(TimeSpan.FromSeconds(5)));
        Assert.Empty(Directory.GetFileSystemEntries(files.Folder));
    }

    [Fact]
    public async Task ALineThatIsThereIsOpened()
    {
        await using var line = await SerialPair.OpenAsync();
        await using var device = await SimulatedDevice.StartAsync("line", "--serial", $"{line.FarPath},19200");
        await using var server = await ServerProcess.StartAsync(RelaySettings.Of("Line", $$""" "Serial": { "Device": "{{line.Near}}", "BaudRate": 19200 } """));
        using var client = await server.ConnectAsync();
        Assert.Equal("1: HELLO", await client.AskAsync("hello"));
    }

    [Fact]
    public async Task AskPrintsTheReply()
    {
        await using var device = await SimulatedDevice.StartAsync("scpi");
        await using var server = await ServerProcess.StartAsync(RelaySettings.Of("Scpi", device.Link));
        var port = (await server.StatusAsync()).Listener.Port;
        await using var ask = new ChildProcess("dotnet", [Server, "ask", $"localhost:{port}", "VOLT", "5;VOLT?"]);
        Assert.Equal(0, await ask.ExitAsync(TimeSpan.FromSeconds(10)));
        Assert.Equal(["5.000"], ask.Output);
    }

    [Theory]
    [InlineData("silent", "no reply within 0.5 s")]
    [InlineData("hang-up", "closed without a reply")]
    public async Task AskTellsInOneLineWhyThereIsNone(string misbehaviour, string why)
    {
        await using var device = await SimulatedDevice.StartAsync("line", "--misbehave", misbehaviour);
        using (var client = await TestClient.ConnectAsync(device.Port))
        {
            await client.AskAsync("a");
            await client.AskAsync("b");
        }

        await using var ask = new ChildProcess("dotnet", [Server, "ask", $"127.0.0.1:{device.Port}", "c", "--timeout", "500ms"]);
        Assert.Equal(1, await ask.ExitAsync(TimeSpan.FromSeconds(10)));
        Assert.Empty(ask.Output);
        Assert.Equal($"127.0.0.1:{device.Port}: {why}", Assert.Single(ask.Errors));
    }
}
