using System.Text;

namespace SocketSync.EndToEndTests;

/// <summary>A listener that speaks telnet: clients set the serial line for their own turn. The client is pyserial's rfc2217.</summary>
public sealed class Rfc2217ListenerTests
{
    private const string Configured = "speed 9600 baud";

    // Debian's own Python, for which its packages are installed; another may come first in the path.
    private const string Python = "/usr/bin/python3";

    /// <summary>Opens the line, and then does what each line of its input says, with an answer for each.</summary>
    private const string Client = """
        import sys, serial
        port = serial.serial_for_url('rfc2217://127.0.0.1:' + sys.argv[1], baudrate=int(sys.argv[2]), stopbits=2, timeout=10)
        print('open', flush=True)
        for line in sys.stdin:
            verb, _, value = line.strip().partition(' ')
            if verb == 'write': port.write(bytes.fromhex(value)); print('written', flush=True)
            elif verb == 'read': print(port.read(int(value)).hex(), flush=True)
            elif verb == 'baud': port.baudrate = int(value); print('set', flush=True)
            elif verb == 'break': port.send_break(0.05); print('sent', flush=True)
            elif verb == 'signals': port.dtr = False; port.rts = False; port.dtr = True; port.rts = True; print('set', flush=True)
            elif verb == 'purge': port.reset_input_buffer(); port.reset_output_buffer(); print('purged', flush=True)
        port.close()
        """;

    [Fact]
    public async Task AClientSetsTheLineForItsTurn()
    {
        await using var line = await SerialPair.OpenAsync();
        await using var server = await StartAsync(line);
        await using (var client = await OpenAsync(server, baudRate: 19200))
        {
            Assert.Contains(Configured, await line.SettingsAsync(), StringComparison.Ordinal); // it has no turn yet
            await DoAsync(client, "write 68656c6c6f", "written");
            Assert.Equal("hello"u8.ToArray(), await line.ReadAsync(5));
            var settings = await line.SettingsAsync();
            Assert.Contains("speed 19200 baud", settings, StringComparison.Ordinal);
            Assert.Contains(" cstopb", settings, StringComparison.Ordinal);
            await line.WriteAsync("world"u8.ToArray());
            await DoAsync(client, "read 5", Convert.ToHexStringLower("world"u8));
            await DoAsync(client, "baud 38400", "set");
            Assert.Contains("speed 38400 baud", await line.SettingsAsync(), StringComparison.Ordinal);
            await CloseAsync(client);
        }

        await server.WaitForStatusAsync(s => s.Resource.Turn is null);
        var after = await line.SettingsAsync();
        Assert.Contains(Configured, after, StringComparison.Ordinal);
        Assert.Contains(" -cstopb", after, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EachOfTwoClientsHasItsOwnSettings()
    {
        await using var line = await SerialPair.OpenAsync();
        await using var server = await StartAsync(line);
        await using var first = await OpenAsync(server, baudRate: 19200);
        await DoAsync(first, "write 31", "written");
        await line.ReadAsync(1);
        await using var second = await OpenAsync(server, baudRate: 4800);
        await DoAsync(second, "write 32", "written");
        await server.WaitForStatusAsync(s => s.Resource.QueueLength == 1);
        await DoAsync(second, "baud 2400", "set");
        Assert.Contains("speed 19200 baud", await line.SettingsAsync(), StringComparison.Ordinal);
        await CloseAsync(first);
        Assert.Equal("2"u8.ToArray(), await line.ReadAsync(1));
        Assert.Contains("speed 2400 baud", await line.SettingsAsync(), StringComparison.Ordinal);
        await CloseAsync(second);
    }

    [Theory]
    [InlineData("Tunnel")]
    [InlineData("Relay")]
    public async Task EveryBytePassesBothWays(string processor)
    {
        byte[] all = [.. Enumerable.Range(0, 256).Select(i => (byte)i), 255, 255, 13, 0, 13, 10, 255, 240];
        await using var line = await SerialPair.OpenAsync();
        await using var server = await StartAsync(line, processor);
        await using var client = await OpenAsync(server, baudRate: 115200);
        await DoAsync(client, $"write {Convert.ToHexString(all)}", "written");
        Assert.Equal(all, await line.ReadAsync(all.Length));
        await line.WriteAsync(all);
        await DoAsync(client, $"read {all.Length}", Convert.ToHexStringLower(all));
        await CloseAsync(client);
    }

    [Fact]
    public async Task ARelaysTurnHasTheClientsSettingsToo()
    {
        await using var line = await SerialPair.OpenAsync();
        await using var server = await StartAsync(line, "Relay");
        await using var client = await OpenAsync(server, baudRate: 19200);
        for (var i = 0; i < 2; i++)
        {
            await DoAsync(client, "write 31", "written");
            await line.ReadAsync(1);
            Assert.Contains("speed 19200 baud", await line.SettingsAsync(), StringComparison.Ordinal);
            await line.WriteAsync("2"u8.ToArray());
            await DoAsync(client, "read 1", "32");
            await server.WaitForStatusAsync(s => s.Resource.Turn is null);
            Assert.Contains(Configured, await line.SettingsAsync(), StringComparison.Ordinal);
        }

        await CloseAsync(client);
    }

    /// <summary>A pseudo-terminal has no signals and no break; a client that sets them is answered all the same, as it waits for that.</summary>
    [Fact]
    public async Task SignalsAndPurgesAreAnsweredBeforeAndInTheTurn()
    {
        await using var line = await SerialPair.OpenAsync();
        await using var server = await StartAsync(line);
        await using var client = await OpenAsync(server, baudRate: 9600);
        await DoAsync(client, "signals", "set");
        await DoAsync(client, "purge", "purged");
        await DoAsync(client, "write 31", "written");
        await line.ReadAsync(1);
        await DoAsync(client, "signals", "set");
        await DoAsync(client, "purge", "purged");
        await line.WriteAsync("2"u8.ToArray());
        await DoAsync(client, "read 1", "32");
        await CloseAsync(client);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AClientThatIsGoneLeavesTheLineAsItIsConfigured(bool inLine)
    {
        await using var line = await SerialPair.OpenAsync();
        await using var server = await StartAsync(line);
        using var holder = await server.ConnectAsync("Plain");
        if (inLine)
        {
            await holder.SendAsync("1");
            await line.ReadAsync(1);
        }

        using var client = await server.ConnectAsync();
        await client.SendAsync(Encoding.Latin1.GetString([255, 251, 44, 255, 250, 44, 1, 0, 0, 0x4B, 0, 255, 240])); // WILL COM-PORT, SET-BAUDRATE 19200
        await client.SendAsync("x");
        if (inLine)
        {
            await server.WaitForStatusAsync(s => s.Resource.QueueLength == 1);
            client.Reset();
            await server.WaitForStatusAsync(s => s.Resource.QueueLength == 0);
        }
        else
        {
            await line.ReadAsync(1);
            Assert.Contains("speed 19200 baud", await line.SettingsAsync(), StringComparison.Ordinal);
            client.Reset();
            await server.WaitForStatusAsync(s => s.Resource.Turn is null);
        }

        Assert.Contains(Configured, await line.SettingsAsync(), StringComparison.Ordinal);
    }

    /// <summary>What a terminal needs: that it need not echo, and a line end that is one byte.</summary>
    [Fact]
    public async Task ATelnetWithoutBinaryTypesACarriageReturn()
    {
        await using var line = await SerialPair.OpenAsync();
        await using var server = await StartAsync(line);
        using var client = await server.ConnectAsync();
        var hello = Encoding.Latin1.GetBytes(await client.ReadAsync(18));
        Assert.Contains("FFFB01", Convert.ToHexString(hello), StringComparison.Ordinal); // WILL ECHO
        Assert.Contains("FFFB03", Convert.ToHexString(hello), StringComparison.Ordinal); // WILL SUPPRESS-GO-AHEAD
        await client.SendAsync("ls\r\0\r\n");
        Assert.Equal("ls\r\r\n"u8.ToArray(), await line.ReadAsync(5));
        await line.WriteAsync([(byte)'a', 255]);
        Assert.Equal("a\xFF\xFF", await client.ReadAsync(3));
    }

    private static Task<ServerProcess> StartAsync(SerialPair line, string processor = "Tunnel") => ServerProcess.StartAsync($$"""
        "Listeners": { "Default": { "Port": 0, "Telnet": true }, "Plain": { "Port": 0, "Resource": "Default" } },
        "Resources": { "Default": { "Processor": "{{processor}}",
          "Link": { "Serial": { "Device": "{{line.Near}}" }, "ReplyTimeout": "00:00:{{(processor == "Relay" ? "09" : "02")}}", "ReplyQuietTime": "00:00:00.500" } } }
        """);

    private static async Task<ChildProcess> OpenAsync(ServerProcess server, int baudRate)
    {
        Tool.Require(Python, "/usr/lib/python3/dist-packages/serial/rfc2217.py");
        var client = new ChildProcess(Python, ["-c", Client, $"{(await server.StatusAsync()).Listener.Port}", $"{baudRate}"]);
        await Poll.UntilAsync(() => client.Output.Count == 1 || client.HasExited, $"pyserial opens the line: {client.Log}");
        Assert.True(client.Output is ["open"], client.Log);
        return client;
    }

    private static async Task DoAsync(ChildProcess client, string what, string answer)
    {
        var before = client.Output.Count;
        await client.Input.WriteAsync(what + "\n");
        await client.Input.FlushAsync(TestContext.Current.CancellationToken);
        await Poll.UntilAsync(() => client.Output.Count > before || client.HasExited, $"{what}: {client.Log}");
        Assert.True(client.Output.Count > before, client.Log);
        Assert.Equal(answer, client.Output[^1]);
    }

    private static async Task CloseAsync(ChildProcess client)
    {
        client.Input.Close();
        Assert.Equal(0, await client.ExitAsync(TimeSpan.FromSeconds(15)));
    }
}
