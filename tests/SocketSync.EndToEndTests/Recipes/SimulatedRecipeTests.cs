using System.Text.Json;

namespace SocketSync.EndToEndTests;

/// <summary>Each recipe runs on one machine: by its file, and by the command that the README prints for its device.</summary>
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
    public void TheDeviceIsWhereTheFileLooksForIt(string heading)
    {
        var recipe = Recipe.Of(heading);
        using var file = JsonDocument.Parse(recipe.Json);
        var link = file.RootElement.GetProperty("SocketSync").GetProperty("Resources").EnumerateObject().Single().Value.GetProperty("Link");
        var command = string.Join(' ', recipe.Simulate);
        if (link.TryGetProperty("Tcp", out var tcp))
        {
            Assert.Equal("localhost", tcp.GetProperty("Host").GetString());
            Assert.EndsWith($"--listen {tcp.GetProperty("Port").GetInt32()}", command, StringComparison.Ordinal);
            return;
        }

        var serial = link.GetProperty("Serial");
        Assert.Contains($"--serial {serial.GetProperty("Device").GetString()},{serial.GetProperty("BaudRate").GetInt32()}", command, StringComparison.Ordinal);
    }

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
        await second.Input.WriteAsync("mine\r");
        await second.Input.FlushAsync(TestContext.Current.CancellationToken);
        await server.WaitForStatusAsync(status => status.Resources["Console"].QueueLength == 1);
        await first.SendAsync("lo\r"); // as a terminal sends Enter
        Assert.Equal("1: HELLO\r", await first.ReadLineAsync());

        first.HalfClose();
        await Poll.UntilAsync(() => second.Output.Contains("2: MINE", StringComparer.Ordinal), $"the second has its turn: {second.Log}");
    }
}
