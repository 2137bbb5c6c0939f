using System.Buffers;
using System.Text;
using Microsoft.Extensions.Time.Testing;

namespace SocketSync.Tests;

/// <summary>What watchers are passed, when, and what becomes of one that does not take it.</summary>
public sealed class DeviceWatchTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly DeviceWatch _tunnel;
    private readonly TaskCompletionSource _tooSlow = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public DeviceWatchTests() => _tunnel = new DeviceWatch((byte)'\n', isTunnel: true, _time);

    public void Dispose() => _tunnel.Dispose();

    [Fact]
    public void WhatTheDeviceSaysIsPassedOnAtOnce()
    {
        var (plain, both) = (Join(_tunnel, both: false), Join(_tunnel, both: true));
        Say("lo");
        Assert.Equal("lo", Take(plain));
        Assert.Equal("", Take(both));
        Say("gin\nro");
        Tell("x");
        Assert.Equal("gin\nro", Take(plain));
        Assert.Equal("login\n", Take(both));
    }

    [Fact]
    public void TheLinesOfBothSidesAreWhole()
    {
        var both = Join(_tunnel, both: true);
        Tell("l");
        Say("con");
        Tell("s\r");
        Say("sole\n");
        Assert.Equal("ls\rconsole\n", Take(both));
    }

    [Fact]
    public void ABeginningIsPassedOnWhenItsSenderIsSilentOrTheLinkIsClosed()
    {
        var both = Join(_tunnel, both: true);
        Say("login: ");
        Tell("r");
        _time.Advance(DeviceWatch.DeviceSilence);
        Assert.Equal("login: ", Take(both));
        _time.Advance(DeviceWatch.ClientSilence);
        Assert.Equal("r", Take(both));
        Say("half");
        _tunnel.Ended();
        Assert.Equal("half", Take(both));
    }

    [Fact]
    public void ALineThatIsTooLongComesInParts()
    {
        var both = Join(_tunnel, both: true);
        Say(new string('a', DeviceWatch.MaxHeld));
        Assert.Equal("", Take(both));
        Say("b");
        Assert.Equal(new string('a', DeviceWatch.MaxHeld) + "b", Take(both));
    }

    [Fact]
    public void FramesAndRequestsOfARelayArePassedOnAsTheyAre()
    {
        using var relay = new DeviceWatch(lineEnd: null, isTunnel: false, _time);
        var both = Join(relay, both: true);
        relay.Told("?"u8);
        relay.Said("!"u8);
        Assert.Equal("?!", Take(both));
    }

    [Fact]
    public void WhoLeavesGetsNothingMore()
    {
        var feed = Join(_tunnel, both: false);
        Say("one");
        _tunnel.Leave(feed);
        Say("two");
        feed.End();
        Assert.Equal("one", Take(feed));
    }

    [Fact]
    public async Task WhoIsTooFarBehindIsGivenUpAndOthersAreNot()
    {
        var (slow, quick) = (Join(_tunnel, both: false), Join(_tunnel, both: false));
        var line = new string('x', 1024);
        for (var i = 0; i < WatcherFeed.MaxBehind / line.Length * 4; i++)
        {
            Say(line);
            Assert.Equal(line, Take(quick));
        }

        await _tooSlow.Task.WaitAsync(TimeSpan.FromSeconds(15), TestContext.Current.CancellationToken);
        Assert.InRange(Take(slow).Length, 1, WatcherFeed.MaxBehind);
    }

    private WatcherFeed Join(DeviceWatch watch, bool both)
    {
        var feed = new WatcherFeed(both, _tooSlow.SetResult);
        watch.Join(feed);
        return feed;
    }

    private void Say(string text) => _tunnel.Said(Encoding.ASCII.GetBytes(text));

    private void Tell(string text) => _tunnel.Told(Encoding.ASCII.GetBytes(text));

    private static string Take(WatcherFeed feed)
    {
        if (!feed.Unsent.TryRead(out var result)) return "";
        var text = Encoding.ASCII.GetString(result.Buffer.ToArray());
        feed.Unsent.AdvanceTo(result.Buffer.End);
        return text;
    }
}
