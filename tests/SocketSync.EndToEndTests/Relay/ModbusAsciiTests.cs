using System.Text;

namespace SocketSync.EndToEndTests;

/// <summary>Modbus ASCII clients, a Modbus ASCII device, and what is translated from and to it.</summary>
public sealed class ModbusAsciiTests
{
    [Theory]
    [InlineData("ModbusAscii", "ModbusAscii")]
    [InlineData("ModbusTcp", "ModbusAscii")]
    [InlineData("ModbusAscii", "ModbusTcp")]
    [InlineData("ModbusRtu", "ModbusAscii")]
    [InlineData("ModbusAscii", "ModbusRtu")]
    [InlineData("ModbusRtu", "ModbusTcp")]
    public async Task ClientsOfOneFramingShareADeviceOfAnother(string clientsSpeak, string deviceSpeaks)
    {
        await using var device = new ScriptedDevice(Dialect(deviceSpeaks), AnswerBehindAForeignReplyAsync);
        await using var server = await ServerProcess.StartAsync(RelaySettings.Of(
            clientsSpeak, $$"""{{device.Tcp}}, "Protocol": { "Name": "{{deviceSpeaks}}" } """));
        const int Clients = 4;
        const int Requests = 25;
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(async number =>
        {
            using var client = await server.ConnectAsync();
            for (var i = 0; i < Requests; i++)
            {
                byte[] address = [(byte)number, (byte)i];
                await AskAsync(client, clientsSpeak, i, [3, .. address, 0, 1], [3, 2, .. address]);
                await AskAsync(client, clientsSpeak, i, [6, .. address, 0, 7], [6, .. address, 0, 7]);
            }
        }));

        device.AssertOneAtATime();
        var asked = Clients * Requests * 2;
        Assert.Equal(asked, device.Services.Select(s => s.Key).Distinct(StringComparer.Ordinal).Count());
        await server.WaitForStatusAsync(s => s.Resource is { Failed: 0, Link.Connects: 1 } && s.Resource.Completed == asked && s.Resource.Link.DiscardedBytes > 0);
    }

    [Fact]
    public async Task AFrameWithAWrongChecksumClosesWithoutAWordAndIsNeverWritten()
    {
        await using var device = new ScriptedDevice(new ModbusAsciiDialect());
        await using var server = await RelaySettings.StartAsync(device, "ModbusAscii");
        using var client = await server.ConnectAsync();
        await client.SendAsync(":1103006B00037E\r\n:1103006B00037F\r\n");
        Assert.Equal(Encoding.ASCII.GetString(ModbusAsciiDialect.Frame([0x11, 3, 2, 0, 0x6B])), await client.ReadToEndAsync());
        Assert.Single(device.Services);
    }

    [Fact]
    public async Task AUnitThatIsSilentIsToldByAnException()
    {
        await using var device = new ScriptedDevice(new ModbusAsciiDialect(), _ => Task.CompletedTask);
        await using var server = await RelaySettings.StartAsync(device, "ModbusAscii");
        using var client = await server.ConnectAsync();
        await AskAsync(client, "ModbusAscii", 1, [3, 0, 1, 0, 1], [0x83, ModbusTestClient.TimedOut]);
    }

    private static Task AnswerBehindAForeignReplyAsync(DeviceService service) =>
        service.Number % 5 == 0 ? SendBothAsync(service) : service.AnswerAsync();

    private static async Task SendBothAsync(DeviceService service)
    {
        await service.SendAsync(service.Device.Dialect.ForeignReply(service.Request));
        await service.AnswerAsync();
    }

    private static async Task AskAsync(TestClient client, string protocol, int transaction, byte[] pdu, byte[] reply)
    {
        await client.SendAsync(Frame(protocol, transaction, pdu));
        var expected = Frame(protocol, transaction, reply);
        Assert.Equal(Convert.ToHexString(expected), Convert.ToHexString(await ModbusTestClient.ReadAsync(client, expected.Length)));
    }

    private static byte[] Frame(string protocol, int transaction, byte[] pdu) => protocol switch
    {
        "ModbusTcp" => ModbusTcpDialect.Frame([0, (byte)transaction], 1, pdu),
        "ModbusRtu" => ModbusRtuDialect.Frame([1, .. pdu]),
        _ => ModbusAsciiDialect.Frame([1, .. pdu]),
    };

    private static DeviceDialect Dialect(string protocol) => protocol switch
    {
        "ModbusTcp" => new ModbusTcpDialect(),
        "ModbusRtu" => new ModbusRtuDialect(),
        _ => new ModbusAsciiDialect(),
    };
}
