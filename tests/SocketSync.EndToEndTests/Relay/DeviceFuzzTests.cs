using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;

namespace SocketSync.EndToEndTests;

/// <summary>A device that has gone mad: its replies harm nothing but their own requests.</summary>
[Collection(HeavyTests.Name)]
public sealed class DeviceFuzzTests
{
    private const int Clients = 8;

    /// <summary>Each request is to reach the device.</summary>
    private const string NeverRest = """, "Rest": { "After": 0 } """;

    private const int Seed = 20_26;
    private static readonly TimeSpan Madness = TimeSpan.FromSeconds(5);

    [Theory]
    [InlineData("ModbusTcp")]
    [InlineData("ModbusRtu")]
    [InlineData("ModbusAscii")]
    [InlineData("Line")]
    public async Task HarmsNothingButItsOwnRequests(string deviceSpeaks)
    {
        DeviceDialect dialect = deviceSpeaks switch 
        {
            "ModbusTcp" => new ModbusTcpDialect(), "ModbusRtu" => new ModbusRtuDialect(), "ModbusAscii" => new ModbusAsciiDialect(), _ => new LineDialect(),
        };
        var clientsSpeak = deviceSpeaks == "Line" ? "Line" : "ModbusTcp";
        await using var device = new ScriptedDevice(dialect);
        await using var sound = new ScriptedDevice(new LineDialect());
        await using var server = await ServerProcess.StartAsync($$"""
            "Listeners": { "Default": { "Port": 0 }, "Sound": { "Port": 0 } },
            "Resources": {
              "Default": { "Processor": "Relay", "Protocol": { "Name": "{{clientsSpeak}}" }, "Link": {
                {{device.Tcp}}, "Protocol": { "Name": "{{deviceSpeaks}}" }, "ReplyTimeout": "00:00:00.050", "ReconnectDelay": "00:00:00.010", "MaxReconnectDelay": "00:00:00.020"{{(deviceSpeaks == "Line" ? "" : NeverRest)}} } },
              "Sound": { "Processor": "Relay", "Protocol": { "Name": "Line" }, "Link": { {{sound.Tcp}} } } }
            """, """ "MinimumLevel": "Error" """);
        using var client = await server.ConnectAsync();
        await AskAsync(client, 1, clientsSpeak);
        var before = server.Process.ResidentBytes;

        device.Script = service => RaveAsync(service, new Random(Seed + service.Number));
        var watch = Stopwatch.StartNew();
        var load = Enumerable.Range(0, Clients).Select(_ => Task.Run(async () =>
        {
            using var asker = await server.ConnectAsync();
            for (ushort i = 0; watch.Elapsed < Madness; i++) await AskAsync(asker, i, clientsSpeak);
        })).ToList();
        using var other = await server.ConnectAsync("Sound");
        for (var i = 0; watch.Elapsed < Madness; i++)
        {
            var asked = Stopwatch.StartNew();
            Assert.Equal($"={i}", await other.AskAsync($"{i}"));
            Assert.True(asked.Elapsed < TimeSpan.FromSeconds(1), $"the other resource took {asked.Elapsed}");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TestContext.Current.CancellationToken);
        }

        await Task.WhenAll(load);
        Assert.True(device.Services.Count > 30, $"only {device.Services.Count} services");
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{device.Services.Count} services, {device.Connections.Count} connections, {(server.Process.ResidentBytes - before) >> 20} MiB more");
        Assert.InRange(server.Process.ResidentBytes - before, long.MinValue, 100 << 20);
        device.Script = service => service.AnswerAsync();
        await server.WaitForReadinessAsync(HttpStatusCode.OK);
        await Poll.UntilAsync(() => AskAsync(client, 2, clientsSpeak), () => "the device is sound again, and no request is answered");
        var status = await server.StatusAsync();
        Assert.Equal(0, status.Resources["Sound"].Failed + status.Resources["Sound"].Refused);
        Assert.Equal(1, status.Resources["Sound"].Link!.Connects);
    }

    /// <summary>Whether it was answered. Whatever is told is well formed, and for this request.</summary>
    private static async Task<bool> AskAsync(TestClient client, ushort number, string protocol)
    {
        if (protocol == "Line")
        {
            var reply = await client.AskAsync($"{number}");
            Assert.NotNull(reply);
            return reply == $"={number}";
        }

        await client.SendAsync(ModbusTestClient.Request(number, 3, number));
        var header = await ModbusTestClient.ReadAsync(client, 7);
        var pdu = await ModbusTestClient.ReadAsync(client, BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(4)) - 1);
        Assert.Equal([(byte)(number >> 8), (byte)number, 0, 0, 0, (byte)(pdu.Length + 1), 1], header);
        Assert.Contains(pdu[0], new byte[] { 3, 0x83 });
        return Convert.ToHexString(pdu) == $"0302{number:X4}";
    }

    private static async Task RaveAsync(DeviceService service, Random random)
    {
        for (var i = random.Next(3); i >= 0; i--)
        {
            if (service.Connection.IsOpen) await service.SendAsync(Utterance(service.Reply, random));
        }

        switch (random.Next(10))
        {
            case 0:
                service.Reset();
                break;
            case 1:
                service.HangUp();
                break;
        }
    }

    private static byte[] Utterance(byte[] reply, Random random)
    {
        var bytes = (byte[])reply.Clone();
        switch (random.Next(8))
        {
            case 0: // noise
                bytes = new byte[random.Next(1, 300)];
                random.NextBytes(bytes);
                return bytes;
            case 1: // cut short
                return bytes[..random.Next(1, bytes.Length)];
            case 2: // the largest length there is
                bytes[bytes.Length > 5 ? 4 : 0] = bytes[bytes.Length > 5 ? 5 : 1] = 0xFF;
                return bytes;
            case 3: // no length at all
                bytes[bytes.Length > 5 ? 4 : 0] = bytes[bytes.Length > 5 ? 5 : 1] = 0;
                return bytes;
            case 4: // far too much
                bytes = new byte[random.Next(1 << 16, 3 << 20)];
                Array.Fill(bytes, (byte)random.Next(256));
                return bytes;
            case 5: // twice, and a half
                return [.. bytes, .. bytes, .. bytes[..(bytes.Length / 2)]];
            case 6: // whole
                return bytes;
            default: // a byte or two wrong
                bytes[random.Next(bytes.Length)] ^= (byte)random.Next(1, 256);
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                return bytes;
        }
    }
}
