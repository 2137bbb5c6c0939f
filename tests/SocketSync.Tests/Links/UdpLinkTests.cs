using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SocketSync.Tests;

public sealed class UdpLinkTests : IDisposable
{
    private readonly Socket _device = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private EndPoint _asker = new IPEndPoint(IPAddress.Any, 0);

    public UdpLinkTests() => _device.Bind(new IPEndPoint(IPAddress.Loopback, 0));

    private int Port => ((IPEndPoint)_device.LocalEndPoint!).Port;

    public void Dispose() => _device.Dispose();

    [Theory]
    [InlineData("192.0.2.10", "udp 192.0.2.10:502")]
    [InlineData("[::1]", "udp [::1]:502")]
    [InlineData("inverter.example", "udp inverter.example:502")]
    public void ItIsNamedAsPeopleWriteIt(string host, string expected) =>
        Assert.Equal(expected, new UdpLink(new() { Host = host, Port = 502 }).Description);

    [Fact]
    public async Task AFlushIsOneDatagramAndAReadIsOne()
    {
        await using var link = await OpenAsync();
        link.Output.Write("ques"u8);
        link.Output.Write("tion"u8);
        await link.SendAsync("!");
        Assert.Equal("question!", await AskedAsync());

        await AnswerAsync("one");
        await AnswerAsync("two");
        Assert.Equal("one", await ReadAsync(link));
        Assert.Equal("two", await ReadAsync(link));
    }

    [Fact]
    public async Task TheLargestDatagramGoesBothWaysWhole()
    {
        await using var link = await OpenAsync();
        var text = new string('x', UdpLink.LargestDatagram);
        await link.SendAsync(text);
        Assert.Equal(text, await AskedAsync());
        await AnswerAsync(text);
        Assert.Equal(text, await ReadAsync(link));
    }

    [Fact]
    public async Task AllThatTheSystemHasIsFoundWithoutWaiting()
    {
        await using var link = await OpenAsync();
        await link.SendAsync("?");
        await AskedAsync();
        for (var i = 0; i < 100; i++) await AnswerAsync(i % 3 == 0 ? "" : "late"); // an empty one is none
        Assert.Equal("late", await ReadAsync(link));
        var discarded = 0L;
        while (UnaskedInput.Discard(link, out var ended) is > 0 and var count)
        {
            Assert.Null(ended);
            discarded += count;
        }

        Assert.Equal(4 * 65, discarded);
    }

    [Fact]
    public async Task WhatSomebodyElseSendsIsNotRead()
    {
        await using var link = await OpenAsync();
        await link.SendAsync("?");
        await AskedAsync();
        using var stranger = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await stranger.SendToAsync("spoof"u8.ToArray(), _asker);
        await AnswerAsync("reply");
        Assert.Equal("reply", await ReadAsync(link));
    }

    [Fact]
    public async Task APortWhereNobodyListensIsToldAndTheInputEnds()
    {
        var port = Port;
        _device.Dispose();
        await using var link = await new UdpLink(new() { Host = "127.0.0.1", Port = port }).OpenAsync(LinkTesting.Token);
        var read = link.Input.ReadAsync(LinkTesting.Token).AsTask();
        await link.SendAsync("?");
        Assert.Equal($"udp 127.0.0.1:{port}: nobody listens on the port", (await Assert.ThrowsAsync<LinkException>(() => read.Soon())).Message);
    }

    [Fact]
    public async Task AnAddressThatDoesNotAnswerGivesWayToTheNext()
    {
        IPAddress[] addresses = [IPAddress.Parse("127.0.0.2"), IPAddress.Loopback];
        var host = new UdpLink(new() { Host = "device.example", Port = Port }, (_, _) => Task.FromResult(addresses));
        await using (var link = await host.OpenAsync(LinkTesting.Token))
        {
            await link.SendAsync("?");
            await Assert.ThrowsAsync<LinkException>(() => link.Input.ReadAsync(LinkTesting.Token).AsTask().Soon());
        }

        for (var i = 0; i < 2; i++) // and the one that answers is kept
        {
            await using var link = await host.OpenAsync(LinkTesting.Token);
            await link.SendAsync("?");
            Assert.Equal("?", await AskedAsync());
            await AnswerAsync("reply");
            Assert.Equal("reply", await ReadAsync(link));
            addresses = [addresses[1], addresses[0]];
        }
    }

    [Fact]
    public async Task ClosingEndsAPendingRead()
    {
        var link = await OpenAsync();
        var read = link.Input.ReadAsync(LinkTesting.Token).AsTask();
        await link.DisposeAsync().Soon();
        Assert.True((await read.Soon()).IsCompleted);
        Assert.True((await link.Output.WriteAsync("x"u8.ToArray(), LinkTesting.Token).Soon()).IsCompleted);
    }

    [Fact]
    public async Task APendingReadCanBeCancelledOverAndOver()
    {
        await using var link = await OpenAsync();
        for (var i = 0; i < 3; i++)
        {
            var read = link.Input.ReadAsync(LinkTesting.Token).AsTask();
            link.Input.CancelPendingRead();
            Assert.True((await read.Soon()).IsCanceled);
        }

        await link.SendAsync("?");
        await AskedAsync();
        await AnswerAsync("reply");
        Assert.Equal("reply", await ReadAsync(link));
    }

    [Fact]
    public async Task AHostThatDoesNotExistIsToldInOneLine() => await new UdpLink(new() { Host = "no-such-host.invalid", Port = 1 }).RefusedAsync();

    private async Task<IOpenLink> OpenAsync() => await new UdpLink(new() { Host = "127.0.0.1", Port = Port }).OpenAsync(LinkTesting.Token);

    private async Task<string> AskedAsync()
    {
        var buffer = new byte[65536];
        var received = await _device.ReceiveFromAsync(buffer, _asker).Soon();
        _asker = received.RemoteEndPoint;
        return Encoding.Latin1.GetString(buffer, 0, received.ReceivedBytes);
    }

    private async Task AnswerAsync(string text) => await _device.SendToAsync(Encoding.Latin1.GetBytes(text), _asker);

    private static async Task<string> ReadAsync(IOpenLink link)
    {
        var result = await link.Input.ReadAsync(LinkTesting.Token).Soon();
        var text = Encoding.Latin1.GetString(result.Buffer.FirstSpan);
        link.Input.AdvanceTo(result.Buffer.End);
        return text;
    }
}
