using System.Text.Json;

namespace SocketSync.EndToEndTests;

/// <summary>Each recipe runs on one machine: by its file, and by the command that its page prints for its device.</summary>
public sealed class SimulatedRecipeTests
{
    private const string ModbusTcp = "A Modbus TCP inverter, many clients";
    private const string ModbusRtu = "A Modbus RTU bus behind Modbus TCP";
    private const string Scpi = "An SCPI instrument, groups of commands kept together";
    private const string Printer = "A label printer";
    private const string Console = "A console, one user at a time";

    public static TheoryData<string> Headings => [.. Recipe.All().Select(recipe => recipe.Heading).Where(heading => !heading.Contains("Python", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Headings))]
    public void TheDevicesAreWhereTheFileLooksForThem(string heading)
    {
        var recipe = Recipe.Of(heading);
        Assert.Equal(recipe.Links().Select(link => WhereItLooks(link.Link)), recipe.Simulate.Select(WhereItIs), StringComparer.Ordinal);
    }

    private static string WhereItLooks(JsonElement link)
    {
        if (!link.TryGetProperty("Tcp", out var tcp))
            return $"--serial {link.GetProperty("Serial").GetProperty("Device").GetString()},{link.GetProperty("Serial").GetProperty("BaudRate").GetInt32()}";
        Assert.Equal("localhost", tcp.GetProperty("Host").GetString());
        return $"--listen {tcp.GetProperty("Port").GetInt32()}";
    }

    private static string WhereItIs(string command) => string.Join(' ', command.Split(' ').Skip(1).Take(2));

    [Fact]
    public async Task ModbusClientsShareOneConnection()
    {
        Tool.Require("mbpoll");
        var recipe = Recipe.Of(ModbusTcp);
        await using var device = await recipe.SimulateAsync();
        await using var server = await recipe.StartAsync("Inverter", $"Tcp:Port={device.Port}");
        var port = (await server.StatusAsync()).Listeners["Inverter"].Port;

        await Task.WhenAll(Mbpoll.WriteAsync(port, unit: 1, reference: 1, 111, 222), Mbpoll.WriteAsync(port, unit: 1, reference: 3, 333));
        Assert.Equal("[1]: 111 [2]: 222 [3]: 333 [4]: 3", await Mbpoll.ReadAsync(port, unit: 1, reference: 1, count: 4));
        Assert.Equal(1, device.Connections);
    }

    [Fact]
    public async Task ModbusTcpClientsReachTheUnitOfTheLine()
    {
        Tool.Require("mbpoll");
        using var files = new TestFiles();
        var recipe = Recipe.Of(ModbusRtu);
        await using var device = await recipe.SimulateAsync(files["bus"]);
        await using var server = await recipe.StartAsync("Bus", $"Serial:Device={files["bus"]}");
        var port = (await server.StatusAsync()).Listeners["Bus"].Port;

        await Task.WhenAll(Mbpoll.WriteAsync(port, unit: 1, reference: 1, 11, 12), Mbpoll.WriteAsync(port, unit: 101, reference: 3, 13, 14));
        Assert.Equal("[1]: 11 [2]: 12 [3]: 13 [4]: 14", await Mbpoll.ReadAsync(port, unit: 101, reference: 1, count: 4));

        await using var broadcast = Mbpoll.Start(port, unit: 0, "-r", "5", "-o", "0.5", "127.0.0.1", "55");
        Assert.NotEqual(0, await broadcast.ExitAsync(TimeSpan.FromSeconds(10)));
        Assert.Equal("[5]: 55", await Mbpoll.ReadAsync(port, unit: 1, reference: 5));
        Assert.Contains(device.Requests, request => request.StartsWith("unit 0: write holding register 4: 55", StringComparison.Ordinal)
            && request.EndsWith("no reply, as to any broadcast", StringComparison.Ordinal));
    }

    [Fact]
    public async Task WhatOneSetsIsWhatItMeasures()
    {
        var recipe = Recipe.Of(Scpi);
        await using var device = await recipe.SimulateAsync();
        await using var server = await recipe.StartAsync("Multimeter", "Tcp:Host=127.0.0.1", $"Tcp:Port={device.Port}");

        await Task.WhenAll(Enumerable.Range(1, 3).Select(async client =>
        {
            using var connection = await server.ConnectAsync("Multimeter");
            for (var i = 0; i < 5; i++)
            {
                await connection.SendAsync($"VOLT {client}.{i}\n");
                Assert.Equal($"{client}.{i}00", await connection.AskAsync("MEAS:VOLT?"));
            }
        }));
        Assert.Equal(1, device.Connections);
    }

    [Fact]
    public async Task EachJobIsPrintedWhole()
    {
        Tool.Require("ncat");
        var recipe = Recipe.Of(Printer);
        await using var device = await recipe.SimulateAsync();
        await using var server = await recipe.StartAsync("Printer", "Tcp:Host=127.0.0.1", $"Tcp:Port={device.Port}");
        var port = $"{(await server.StatusAsync()).Listeners["Printer"].Port}";

        await Task.WhenAll(Enumerable.Range(0, 3).Select(async job =>
        {
            await using var client = new ChildProcess("ncat", ["127.0.0.1", port]);
            await client.Input.WriteAsync(string.Concat(Enumerable.Range(0, 50).Select(label => $"^XA^FDjob {job}^FS^XZ\n")));
            client.Input.Close();
            Assert.True(await client.ExitAsync(TimeSpan.FromSeconds(15)) == 0, client.Log);
            Assert.Equal(50, client.Output.Count);
        }));
        Assert.Equal(150, device.Requests.Count);
        Assert.All(device.Requests.Chunk(50), job => Assert.Single(job.Select(line => line.Split("job ")[1][0]).Distinct()));
    }

    [Fact]
    public async Task WhoTypesFirstHasTheConsole()
    {
        Tool.Require("socat");
        using var files = new TestFiles();
        var recipe = Recipe.Of(Console);
        await using var device = await recipe.SimulateAsync(files["console"]);
        await using var server = await recipe.StartAsync("Console", $"Serial:Device={files["console"]}");
        var port = (await server.StatusAsync()).Listeners["Console"].Port;

        using var first = await TestClient.ConnectAsync(port);
        await first.SendAsync("hel");
        await server.WaitForStatusAsync(status => status.Resources["Console"].Turn is not null);
        await using var second = new ChildProcess("socat", ["-t10", "-", $"TCP:127.0.0.1:{port}"]);
        await TypeAsync("not yet\r"); // thrown away
        await server.WaitForStatusAsync(status => status.Resources["Console"].QueueLength == 1);
        await first.SendAsync("lo\r"); // as a terminal sends Enter
        Assert.Equal("1: HELLO\r", await first.ReadLineAsync());

        first.HalfClose();
        await WaitForAsync("It is your turn.");
        await TypeAsync("mine\r");
        await WaitForAsync("2: MINE");

        async Task TypeAsync(string text)
        {
            await second.Input.WriteAsync(text);
            await second.Input.FlushAsync(TestContext.Current.CancellationToken);
        }

        Task WaitForAsync(string text) =>
            Poll.UntilAsync(() => Task.FromResult(second.Output.Contains(text, StringComparer.Ordinal)), () => $"no '{text}': {second.Log}");
    }

    [Fact]
    public async Task DashboardsShareReplies()
    {
        using var files = new TestFiles();
        var recipe = Recipe.Of("Fifty dashboards, one slow line");
        await using var device = await recipe.SimulateAsync(files["bus"]);
        await using var server = await recipe.StartAsync("Meters", $"Serial:Device={files["bus"]}");
        await Task.WhenAll(Enumerable.Range(1, 50).Select(async dashboard =>
        {
            using var connection = await server.ConnectAsync("Meters");
            Assert.Equal(0, await ModbusTestClient.AskAsync(connection, transaction: (ushort)dashboard, function: 3, address: 7));
        }));
        Assert.InRange(device.Requests.Count, 1, 10);
        Assert.Equal(50 - device.Requests.Count, (await server.StatusAsync()).Resources["Meters"].Cached);
    }

    [Fact]
    public async Task WhatABusLosesIsAskedAgain()
    {
        using var files = new TestFiles();
        var recipe = Recipe.Of("An RS-485 bus that loses a reply now and then");
        await using var device = await recipe.SimulateAsync(files["bus"]);
        await using var server = await recipe.StartAsync("Meters", $"Serial:Device={files["bus"]}");
        using var connection = await server.ConnectAsync("Meters");
        for (ushort i = 1; i <= 6; i++) Assert.Equal(0, await ModbusTestClient.AskAsync(connection, transaction: i, function: 3, address: i));
        // The third and the sixth are not answered; where the machine stands still, another may come too late.
        var retries = (await server.StatusAsync()).Resources["Meters"].Link!.Retries;
        Assert.InRange(retries, 2, 6);
        Assert.Equal(6 + retries, device.Requests.Count);
    }

    [Fact]
    public async Task OnlyTheControllerWrites()
    {
        Tool.Require("mbpoll");
        var recipe = Recipe.Of("Everybody reads, only the controller writes");
        await using var device = await recipe.SimulateAsync();
        await using var server = await ServerProcess.StartFileAsync(
            recipe.Json, folder: null, "SocketSync:Listeners:Plant:Port=0", "SocketSync:Listeners:Controller:Port=0", $"SocketSync:Resources:Plant:Link:Tcp:Port={device.Port}");
        var listeners = (await server.StatusAsync()).Listeners;
        await using var denied = Mbpoll.Start(listeners["Plant"].Port, unit: 1, "-r", "1", "127.0.0.1", "111");
        Assert.NotEqual(0, await denied.ExitAsync(TimeSpan.FromSeconds(10)));
        await Mbpoll.WriteAsync(listeners["Controller"].Port, unit: 1, reference: 1, 222);
        Assert.Equal("[1]: 222", await Mbpoll.ReadAsync(listeners["Plant"].Port, unit: 1, reference: 1));
        Assert.Equal(2, device.Requests.Count);
    }

    [Fact]
    public async Task EachUnitIsAskedOnItsBus()
    {
        Tool.Require("mbpoll");
        using var files = new TestFiles();
        var recipe = Recipe.Of("Two buses behind one port");
        await using var a = await recipe.SimulateAsync(files["a"], which: 0);
        await using var b = await recipe.SimulateAsync(files["b"], which: 1);
        await using var server = await ServerProcess.StartFileAsync(
            recipe.Json, folder: null, "SocketSync:Listeners:Plant:Port=0",
            $"SocketSync:Resources:BusA:Link:Serial:Device={files["a"]}", $"SocketSync:Resources:BusB:Link:Serial:Device={files["b"]}");
        var port = (await server.StatusAsync()).Listeners["Plant"].Port;
        await Mbpoll.WriteAsync(port, unit: 9, reference: 1, 99);
        await Mbpoll.WriteAsync(port, unit: 20, reference: 1, 20);
        Assert.Equal("[1]: 99", await Mbpoll.ReadAsync(port, unit: 9, reference: 1));
        Assert.Equal("[1]: 20", await Mbpoll.ReadAsync(port, unit: 20, reference: 1));
        Assert.Equal((2, 2), (a.Requests.Count, b.Requests.Count));
    }

    [Fact]
    public async Task DatagramsAndConnectionsAreAnswered()
    {
        Tool.Require("socat");
        var recipe = Recipe.Of("A datagram is a request");
        await using var device = await recipe.SimulateAsync();
        await using var server = await ServerProcess.StartFileAsync(
            recipe.Json, folder: null, "SocketSync:Listeners:Datagrams:Port=0", "SocketSync:Listeners:Meter:Port=0",
            "SocketSync:Resources:Meter:Link:Tcp:Host=127.0.0.1", $"SocketSync:Resources:Meter:Link:Tcp:Port={device.Port}");
        var port = (await server.StatusAsync()).Listeners["Datagrams"].Port;
        await using var sender = new ChildProcess("socat", ["-t", "3", "STDIO", $"UDP4:127.0.0.1:{port}"]);
        await sender.Input.WriteAsync("value?\n");
        await sender.Input.FlushAsync(TestContext.Current.CancellationToken);
        await Poll.UntilAsync(() => sender.Output.Contains("1: VALUE?", StringComparer.Ordinal), $"the datagram is answered: {sender.Log}");
        using var connected = await server.ConnectAsync("Meter");
        Assert.Equal("2: AND NOW?", await connected.AskAsync("and now?"));
    }
}
