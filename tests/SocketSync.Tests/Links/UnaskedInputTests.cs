using System.Net.Sockets;

namespace SocketSync.Tests;

/// <summary>What a device has sent, or that it is gone, while the loop's thread was busy with something else: the next request must not meet it.</summary>
public sealed class UnaskedInputTests : IAsyncDisposable
{
    private readonly List<LoopPair> _pairs = [];

    public async ValueTask DisposeAsync()
    {
        foreach (var pair in _pairs)
            await pair.DisposeAsync();
    }

    [Fact]
    public async Task WhatCameWhileTheThreadWasBusyIsDiscarded()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux has loops");
        var (one, two) = (await ConnectAsync(), await ConnectAsync());
        var (discarded, again) = await one.OnLoopAsync(link =>
        {
            one.Peer.Send("late"u8);
            two.Peer.Send("theirs"u8);
            return (UnaskedInput.Discard(link, out _), UnaskedInput.Discard(link, out _));
        });
        Assert.Equal((4, 0), (discarded, again));
        await two.Link.ExpectAsync("theirs");
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public async Task ThatTheDeviceHasLeftIsKnown(bool hasSent, bool byReset)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux has loops");
        var pair = await ConnectAsync();
        var (discarded, ended) = await pair.OnLoopAsync(link =>
        {
            if (hasSent)
                pair.Peer.Send("late"u8);
            if (byReset)
                pair.Peer.Close(0);
            else
                pair.Peer.Shutdown(SocketShutdown.Send);
            var count = UnaskedInput.Discard(link, out var why);
            // What came before the end is discarded first; after a reset it may be lost.
            if (why is null)
                count += UnaskedInput.Discard(link, out why);
            return (count, why);
        });
        Assert.NotNull(ended);
        Assert.InRange(discarded, 0, 4);
    }

    private async Task<LoopPair> ConnectAsync()
    {
        _pairs.Add(await LoopPair.CreateAsync());
        return _pairs[^1];
    }
}
