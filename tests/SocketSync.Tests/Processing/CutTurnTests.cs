namespace SocketSync.Tests;

/// <summary>A turn that is cut before its reply was due, on a line on which late bytes survive: the reply still comes in its own time.</summary>
public class CutTurnTests
{
    [Theory]
    [InlineData("operator")]
    [InlineData("TurnTimeout")]
    public async Task AReplyThatComesInItsOwnTimeIsNotTheNextClients(string why)
    {
        var replyTimeout = TimeSpan.FromSeconds(3);
        using var setup = new RelayBench(
            new LinkOptions { ReplyTimeout = replyTimeout },
            keepsLateBytes: true,
            gate: new GateOptions { TurnTimeout = TimeSpan.FromSeconds(why == "operator" ? 60 : 1), WaitTimeout = TimeSpan.FromHours(1) });
        var first = setup.Host.Connect();
        var second = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        await first.SendAsync("first\n");
        Assert.Equal("first\n", await device.ReadAsync(6));
        await second.SendAsync("second\n");
        await setup.Host.UntilWaiting(1);

        // Cut one second after it was written, when two of its own are left.
        setup.Time.Advance(TimeSpan.FromSeconds(1));
        if (why == "operator")
            setup.Host.Listener.Find(first.ConnectionId)!.Close();
        Assert.StartsWith("ERROR timeout", await first.ReadLineAsync(), StringComparison.Ordinal);
        for (var waited = TimeSpan.Zero; waited < replyTimeout + TimeSpan.FromSeconds(1.5); waited += TimeSpan.FromMilliseconds(100))
        {
            Assert.False(device.HasRequest(), $"the next request is written {waited} after the cut, and what comes then is taken for its reply");
            setup.Time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Delay(2, TestContext.Current.CancellationToken); // others get to run between two steps
        }

        await device.SendAsync("for first\n");
        await SyncHost.Until(() => setup.Manager.GetStatus().DiscardedBytes == 10, "the late reply is discarded");
        await SyncHost.AdvanceUntil(setup.Time, TimeSpan.FromMilliseconds(100), device.HasRequest, "the next request is written");
        Assert.Equal("second\n", await device.ReadAsync(7));
        await device.SendAsync("for second\n");
        Assert.Equal("for second", await second.ReadLineAsync());
    }
}
