using System.Text;

namespace SocketSync.EndToEndTests;

/// <summary>One listener, several buses: the unit that a request names decides which of them it goes to.</summary>
public sealed class RouteTests
{
    private static readonly string[] Framings = ["ModbusTcp", "ModbusRtu"];

    public static TheoryData<string> Clients => [.. Framings];

    [Theory, MemberData(nameof(Clients))]
    public async Task EachRequestGoesToTheBusOfItsUnitAndNoOther(string framing)
    {
        await using var a = new ScriptedDevice(new ModbusTcpDialect());
        await using var b = new ScriptedDevice(new ModbusTcpDialect());
        await using var server = await ServerProcess.StartAsync(Of(a, b, framing));
        using var client = await server.ConnectAsync();
        foreach (var (unit, address) in new (byte, byte)[] { (1, 1), (20, 2), (9, 3), (12, 4), (21, 5) })
            Assert.Equal(Reply(framing, unit, address), await AskAsync(client, framing, unit, address));
        foreach (var unit in new byte[] { 0, 10, 13, 19, 22, 255 })
        {
            if (unit == 0 && framing == "ModbusRtu") continue; // A broadcast is answered by nobody.
            Assert.Equal(Frame(framing, unit, 0x83, 0x0A), await AskAsync(client, framing, unit, 6));
        }

        Assert.Equal(["3 1", "3 3", "3 4"], a.Services.Select(service => service.Key), StringComparer.Ordinal);
        Assert.Equal(["3 2", "3 5"], b.Services.Select(service => service.Key), StringComparer.Ordinal);
        await server.WaitForStatusAsync(s => s.Resources["A"] is { Completed: 3, Refused: 0 } && s.Resources["B"] is { Completed: 2, Refused: 0 });
        await server.WaitForMetricAsync(3, "socketsync_requests_total", "resource=\"A\"", "listener=\"Default\"", "outcome=\"ok\"");
        await server.WaitForMetricAsync(framing == "ModbusTcp" ? 6 : 5, "socketsync_requests_total", "resource=\"\"", "outcome=\"unavailable\"");
        await server.WaitForLogAsync("to unit 10, which has no route, ended as unavailable");
        a.AssertOneAtATime();
        b.AssertOneAtATime();
    }

    [Fact]
    public async Task RepliesOfOneClientKeepTheirOrderAcrossBuses()
    {
        var free = new TaskCompletionSource();
        await using var a = new ScriptedDevice(new ModbusTcpDialect(), async service =>
        {
            await free.Task;
            await service.AnswerAsync();
        });
        await using var b = new ScriptedDevice(new ModbusTcpDialect());
        await using var server = await ServerProcess.StartAsync(Of(a, b));
        using var client = await server.ConnectAsync();
        using var other = await server.ConnectAsync();
        await client.SendAsync(Encoding.Latin1.GetString([.. Request("ModbusTcp", 1, 1), .. Request("ModbusTcp", 20, 2), .. Request("ModbusTcp", 5, 3), .. Request("ModbusTcp", 99, 4)]));
        await server.WaitForStatusAsync(s => s.Resources["A"].Turn is not null);

        // Meanwhile the other bus serves everybody else.
        Assert.Equal(Reply("ModbusTcp", 20, 7), await AskAsync(other, "ModbusTcp", 20, 7));
        free.SetResult();

        byte[] expected = [.. Reply("ModbusTcp", 1, 1), .. Reply("ModbusTcp", 20, 2), .. Reply("ModbusTcp", 5, 3), .. Frame("ModbusTcp", 99, 0x83, 0x0A)];
        Assert.Equal(expected, await ModbusTestClient.ReadAsync(client, expected.Length));
    }

    [Fact]
    public async Task ALeaseOfOneBusIsNoneOfTheOther()
    {
        await using var a = new ScriptedDevice(new ModbusTcpDialect());
        await using var b = new ScriptedDevice(new ModbusTcpDialect());
        await using var server = await ServerProcess.StartAsync(Of(a, b, gate: """ "Hold": "Connection" """));
        using var owner = await server.ConnectAsync();
        using var other = await server.ConnectAsync();
        Assert.Equal(Reply("ModbusTcp", 1, 1), await AskAsync(owner, "ModbusTcp", 1, 1));
        Assert.Equal(Reply("ModbusTcp", 20, 2), await AskAsync(other, "ModbusTcp", 20, 2));
        await other.SendAsync(Encoding.Latin1.GetString(Request("ModbusTcp", 1, 3)));
        await server.WaitForStatusAsync(s => s.Resources["A"] is { QueueLength: 1, Turn: not null } && s.Resources["B"] is { QueueLength: 0, Turn: not null });
        owner.Dispose();
        Assert.Equal(Reply("ModbusTcp", 1, 3), await ModbusTestClient.ReadAsync(other, Reply("ModbusTcp", 1, 3).Length));
        other.Dispose();
        await server.WaitForStatusAsync(s => s.Resources["A"].Turn is null && s.Resources["B"].Turn is null);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WhoLeavesWhileOneBusIsAskedFreesTheOtherAtOnce(bool isReset)
    {
        var free = new TaskCompletionSource();
        await using var a = new ScriptedDevice(new ModbusTcpDialect());
        await using var b = new ScriptedDevice(new ModbusTcpDialect(), async service =>
        {
            await free.Task;
            await service.AnswerAsync();
        });
        await using var server = await ServerProcess.StartAsync(Of(a, b, gate: """ "Hold": "Connection", "TurnTimeout": "00:01:00" """, link: """, "ReplyTimeout": "00:01:00" """));
        using var owner = await server.ConnectAsync();
        using var other = await server.ConnectAsync();
        Assert.Equal(Reply("ModbusTcp", 1, 1), await AskAsync(owner, "ModbusTcp", 1, 1));
        await owner.SendAsync(Encoding.Latin1.GetString(Request("ModbusTcp", 20, 2)));
        await server.WaitForStatusAsync(s => s.Resources["A"].Turn is not null && s.Resources["B"].Turn is not null);

        if (isReset) owner.Reset();
        else owner.HalfClose();
        Assert.Equal(Reply("ModbusTcp", 1, 3), await AskAsync(other, "ModbusTcp", 1, 3));
        Assert.NotNull((await server.StatusAsync()).Resources["B"].Turn);
        free.SetResult();
        if (!isReset) Assert.Equal(Reply("ModbusTcp", 20, 2), await ModbusTestClient.ReadAsync(owner, Reply("ModbusTcp", 20, 2).Length));
        await server.WaitForStatusAsync(s => s.Resources["B"].Turn is null);
    }

    [Fact]
    public async Task EachBusHasRulesOfItsOwn()
    {
        await using var a = new ScriptedDevice(new ModbusTcpDialect());
        await using var b = new ScriptedDevice(new ModbusTcpDialect());
        await using var server = await ServerProcess.StartAsync(Of(a, b, access: """ { "Functions": [ "Read" ], "Registers": "5-9", "Allow": false } """));
        using var client = await server.ConnectAsync();
        for (var round = 0; round < 3; round++)
        {
            Assert.Equal(Frame("ModbusTcp", 1, 0x83, 2), await AskAsync(client, "ModbusTcp", 1, 5));
            Assert.Equal(Reply("ModbusTcp", 20, 5), await AskAsync(client, "ModbusTcp", 20, 5));
            Assert.Equal(Reply("ModbusTcp", 1, 4), await AskAsync(client, "ModbusTcp", 1, 4));
        }

        Assert.Equal(["3 4", "3 4", "3 4"], a.Services.Select(service => service.Key), StringComparer.Ordinal);
        await server.WaitForStatusAsync(s => s.Resources["A"] is { Completed: 3, Denied: 3 } && s.Resources["B"] is { Completed: 3, Denied: 0 });
    }

    [Fact]
    public async Task CheckTellsWhichUnitReachesWhom()
    {
        using var files = new TestFiles();
        var file = files.Write("appsettings.json", ServerProcess.WholeFile("""
            "Listeners": { "Default": { "Port": 1502, "Routes": [ { "Units": "1-9,12", "Resource": "A" }, { "Units": "20", "Resource": "B" } ] } },
            "Resources": { "A": { "Protocol": { "Name": "ModbusTcp" } }, "B": { "Protocol": { "Name": "ModbusTcp" } } }
            """));
        await using var check = new ChildProcess("dotnet", [ServerProcess.Assembly("ServerAssembly"), "check", "--config", file]);
        Assert.Equal(0, await check.ExitAsync(TimeSpan.FromSeconds(10)));
        Assert.Contains("units 1-9,12 to resource A, 20 to resource B, no others", check.Log, StringComparison.Ordinal);
    }

    private static string Of(ScriptedDevice a, ScriptedDevice b, string framing = "ModbusTcp", string gate = "", string access = "", string link = "") => $$"""
        "Listeners": { "Default": { "Port": 0, "Protocol": { "Name": "{{framing}}" }, "Routes": [
          { "Units": "1-9,12", "Resource": "A" }, { "Units": "20-21", "Resource": "B" } ] } },
        "Resources": {
          "A": { "Processor": "Relay", "Protocol": { "Name": "ModbusTcp" }, "Access": [ {{access}} ], "Gate": { {{gate}} }, "Link": { {{a.Tcp}}{{link}} } },
          "B": { "Processor": "Relay", "Protocol": { "Name": "ModbusTcp" }, "Gate": { {{gate}} }, "Link": { {{b.Tcp}}{{link}} } } }
        """;

    private static async Task<byte[]> AskAsync(TestClient client, string framing, byte unit, byte address)
    {
        await client.SendAsync(Encoding.Latin1.GetString(Request(framing, unit, address)));
        var head = await ModbusTestClient.ReadAsync(client, framing == "ModbusTcp" ? 9 : 3);
        var isError = (head[framing == "ModbusTcp" ? 7 : 1] & 0x80) != 0;
        return [.. head, .. await ModbusTestClient.ReadAsync(client, (framing == "ModbusTcp" ? 0 : 2) + (isError ? 0 : 2))];
    }

    private static byte[] Request(string framing, byte unit, byte address) => Frame(framing, unit, 3, 0, address, 0, 1);

    private static byte[] Reply(string framing, byte unit, byte address) => Frame(framing, unit, 3, 2, 0, address);

    private static byte[] Frame(string framing, byte unit, params byte[] pdu) =>
        framing == "ModbusTcp" ? ModbusTcpDialect.Frame([0, 9], unit, pdu) : ModbusRtuDialect.Frame([unit, .. pdu]);
}
