using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace SocketSync.EndToEndTests;

/// <summary>Devices that are asked by UDP: datagrams come late, twice, in another order, from somebody else, or not at all.</summary>
public sealed class UdpLinkTests
{
    private const byte Read = 3;
    private const byte Write = 16;

    [Fact]
    public async Task ClientsShareADeviceBesideASecondOne()
    {
        await using var modbus = new DatagramDevice(new ModbusTcpDialect());
        await using var lines = new DatagramDevice(new LineDialect());
        await using var server = await ServerProcess.StartAsync($$"""
            "Listeners": { "Default": { "Port": 0 }, "Second": { "Port": 0 } },
            "Resources": {
              "Default": { "Processor": "Relay", "Protocol": { "Name": "ModbusTcp" }, "Link": { {{modbus.Udp}} } },
              "Second": { "Processor": "Relay", "Protocol": { "Name": "Line" }, "Link": { {{lines.Udp}} } } }
            """);
        const int Clients = 4;
        const int Requests = 50;
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(async number =>
        {
            using var first = await server.ConnectAsync();
            using var second = await server.ConnectAsync("Second");
            for (var i = 0; i < Requests; i++)
            {
                await second.SendAsync($"{number} {i}\n");
                Assert.Equal(0, await ModbusTestClient.AskAsync(first, (ushort)i, i % 2 == 0 ? Read : Write, (ushort)((number * Requests) + i)));
                Assert.Equal($"={number} {i}", await second.ReadLineAsync());
            }
        }));

        foreach (var device in new[] { modbus, lines })
        {
            Assert.Equal(Clients * Requests, device.Asked.Select(asked => device.Dialect.Key(asked.Request)).Distinct(StringComparer.Ordinal).Count());
            Assert.Single(device.Asked.Select(asked => asked.From).Distinct());
        }
    }

    [Fact]
    public async Task ALateReplyFindsItsPortClosed()
    {
        await using var device = new DatagramDevice(new LineDialect(), asked => asked.Number switch
        {
            1 => Task.CompletedTask,
            2 => AnswerBothAsync(asked),
            _ => asked.AnswerAsync(),
        });
        await using var server = await ServerProcess.StartAsync(RelaySettings.Of("Line", RelaySettings.Quick(device.Udp)));
        using var client = await server.ConnectAsync();
        await client.SendAsync("one\n");
        Assert.StartsWith("ERROR timeout", await client.ReadLineAsync(), StringComparison.Ordinal);
        await client.SendAsync("two\n");
        Assert.Equal("=two", await client.ReadLineAsync());
        await client.SendAsync("three\n");
        Assert.Equal("=three", await client.ReadLineAsync());
        Assert.Equal([device.Asked[1].From, device.Asked[2].From], device.Asked.Skip(1).Select(asked => asked.From));
        Assert.NotEqual(device.Asked[0].From, device.Asked[1].From);

        static async Task AnswerBothAsync(Datagram asked)
        {
            await asked.Device.Asked[0].AnswerAsync();
            await Task.Delay(20);
            await asked.AnswerAsync();
        }
    }

    [Fact]
    public async Task WhatAnswersSomethingElseOrComesFromSomebodyElseIsDiscarded()
    {
        using var stranger = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await using var device = new DatagramDevice(new ModbusTcpDialect(), async asked =>
        {
            if (asked.Number > 1) await asked.SendAsync(asked.Device.Asked[asked.Number - 2].Reply); // that to the last one again, which is late by now
            await asked.SendAsync([.. asked.Reply[..2], 9, .. asked.Reply[3..]]); // no Modbus
            await asked.SendAsync(asked.Device.Dialect.ForeignReply(asked.Request));
            await asked.SendAsync(asked.Reply[..^1]); // cut
            await asked.SendAsync([]);
            await stranger.SendToAsync((byte[])[.. asked.Reply[..^1], 0xEE], asked.From);
            await asked.SendAsync([.. asked.Reply, .. asked.Device.Dialect.ForeignReply(asked.Request)]); // and one behind it
            await asked.AnswerAsync(); // twice
        });
        await using var server = await ServerProcess.StartAsync(RelaySettings.Of("ModbusTcp", RelaySettings.Quick(device.Udp)));
        using var client = await server.ConnectAsync();
        for (ushort i = 0; i < 50; i++) Assert.Equal(0, await ModbusTestClient.AskAsync(client, i, i % 2 == 0 ? Read : Write, i));
        await server.WaitForStatusAsync(s => s.Resource is { Completed: 50, Failed: 0, Link: { Connects: 1, DiscardedBytes: > 50 * 40 } });
    }

    [Fact]
    public async Task TwoHalvesAreNoReply()
    {
        await using var device = new DatagramDevice(new ModbusTcpDialect(), async asked =>
        {
            if (asked.Number > 1)
            {
                await asked.AnswerAsync();
                return;
            }

            await asked.SendAsync(asked.Reply[..5]);
            await asked.SendAsync(asked.Reply[5..]);
        });
        await using var server = await ServerProcess.StartAsync(RelaySettings.Of("ModbusTcp", RelaySettings.Quick(device.Udp)));
        using var client = await server.ConnectAsync();
        Assert.Equal(ModbusTestClient.TimedOut, await ModbusTestClient.AskAsync(client, 1, Read, 1));
        Assert.Equal(0, await ModbusTestClient.AskAsync(client, 2, Read, 2));
        await server.WaitForStatusAsync(s => s.Resource.Link is { Connects: 2, DiscardedBytes: 11 });
    }

    [Fact]
    public async Task ARawReplyIsADatagramAndARequestThatFitsInNoneCostsNobodyElseAnything()
    {
        const int Most = 65507;
        await using var device = new DatagramDevice(new LineDialect(), asked => asked.SendAsync(asked.Request)); // of any length
        await using var server = await ServerProcess.StartAsync($$"""
            "Listeners": { "Default": { "Port": 0 }, "Raw": { "Port": 0 } },
            "Resources": {
              "Default": { "Processor": "Relay", "Protocol": { "Name": "Line" }, "Link": { {{device.Udp}} } },
              "Raw": { "Processor": "Relay", "Link": { {{device.Udp}}, "ReplyQuietTime": "00:01:00", "ReplyTimeout": "00:02:00" }, "Gate": { "TurnTimeout": "00:02:00" } } }
            """);
        using var raw = await server.ConnectAsync("Raw");
        await raw.SendAsync("without an end");
        Assert.Equal("without an end", await raw.ReadAsync(14)); // which is not waited for

        using var client = await server.ConnectAsync();
        var longest = new string('x', Most - 1);
        await client.SendAsync(longest + "\n");
        Assert.Equal(longest, await client.ReadLineAsync());
        await client.SendAsync(longest + "y\n");
        Assert.StartsWith("ERROR failed", await client.ReadLineAsync(), StringComparison.Ordinal);
        await client.SendAsync("next\n");
        Assert.Equal("next", await client.ReadLineAsync());
        Assert.Equal(3, device.Asked.Count);
        await server.WaitForStatusAsync(s => s.Resource.Link is { Connects: 1, State: "Up" });
    }

    [Fact]
    public async Task APortWhereNobodyListensIsToldAtOnceUntilSomebodyDoes()
    {
        await using var device = new DatagramDevice(new ModbusTcpDialect());
        await using var server = await ServerProcess.StartAsync(RelaySettings.Of("ModbusTcp", $"""
            {device.Udp}, "ReplyTimeout": "00:00:30", "ReconnectDelay": "00:00:00.020", "MaxReconnectDelay": "00:00:00.100"
            """, gate: """ "TurnTimeout": "00:00:40" """));
        using var client = await server.ConnectAsync();
        Assert.Equal(0, await ModbusTestClient.AskAsync(client, 1, Write, 1));
        await device.GoAwayAsync();
        foreach (var function in new[] { Read, Write, Read, Write })
            Assert.Equal(ModbusTestClient.Unavailable, await ModbusTestClient.AskAsync(client, 2, function, 2));
        var status = await server.StatusAsync();
        Assert.Contains("nobody listens on the port", status.Resource.Link!.LastError, StringComparison.Ordinal);
        device.ComeBack();
        Assert.Equal(0, await ModbusTestClient.AskAsync(client, 3, Write, 3));
        Assert.Equal(["16 1", "16 3"], device.Asked.Select(asked => device.Dialect.Key(asked.Request)), StringComparer.Ordinal);
    }

    [Fact]
    public async Task ADeviceMadeBySocatAnswers()
    {
        Tool.Require("socat");
        var port = FreePort.Next();
        await using var socat = new ChildProcess("socat", [$"UDP-RECVFROM:{port},bind=127.0.0.1,fork", "SYSTEM:read line; echo got $line"]);
        await using var server = await ServerProcess.StartAsync(RelaySettings.Of("Line", $$"""
            "Udp": { "Host": "localhost", "Port": {{port}} }, "ReplyTimeout": "00:00:05"
            """));
        using var client = await server.ConnectAsync();
        await Poll.UntilAsync(() => IsBound(port), "socat listens");
        for (var i = 0; i < 3; i++)
        {
            await client.SendAsync($"line {i}\n");
            Assert.Equal($"got line {i}", await client.ReadLineAsync());
        }
    }

    private static bool IsBound(int port) =>
        IPGlobalProperties.GetIPGlobalProperties().GetActiveUdpListeners().Any(listener => listener.Port == port);
}
