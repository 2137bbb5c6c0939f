namespace SocketSync.EndToEndTests;

public sealed class LeaseTests
{
    [Fact]
    public async Task QuietLastsUntilItsClientIsSilent()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Settings.Scripted("""
            "Hold": "Quiet", "QuietTime": "00:00:02"
            """));
        using var owner = await server.ConnectAsync();
        using var waiter = await server.ConnectAsync();
        Assert.Equal("1", await owner.AskAsync("1"));
        await TurnTests.WaitInLineAsync(server, waiter, "waiter", 1);
        Assert.Equal("2", await owner.AskAsync("2"));
        Assert.Equal("3", await owner.AskAsync("3"));
        var status = await server.StatusAsync();
        Assert.NotNull(status.Resource.Turn);
        Assert.Equal(1, status.Resource.QueueLength);
        Assert.Equal("waiter", await waiter.ReadLineAsync());
        Assert.Equal("4", await owner.AskAsync("4")); // Its next lease, once the waiter has been silent in turn.
        Assert.Equal(["1", "2", "3", "waiter", "4"], (await server.StageAsync()).Begun);
    }

    [Theory]
    [InlineData("Quiet", false)]
    [InlineData("Quiet", true)]
    [InlineData("Connection", false)]
    [InlineData("Connection", true)]
    public async Task EndsAtOnceWithItsClientsStream(string hold, bool reset)
    {
        await using var server = await ServerProcess.StartTestHostAsync(Settings.Scripted($"""
            "Hold": "{hold}", "QuietTime": "00:01:00"
            """));
        using var owner = await server.ConnectAsync();
        using var waiter = await server.ConnectAsync();
        Assert.Equal("1", await owner.AskAsync("1"));
        await TurnTests.WaitInLineAsync(server, waiter, "waiter", 1);
        Assert.Equal("2", await owner.AskAsync("2"));
        Assert.Equal(1, (await server.StatusAsync()).Resource.QueueLength);
        if (reset) owner.Reset();
        else owner.HalfClose();
        Assert.Equal("waiter", await waiter.ReadLineAsync());
        Assert.Equal(["1", "2", "waiter"], (await server.StageAsync()).Begun);
    }

    [Theory]
    [InlineData("Quiet")]
    [InlineData("Connection")]
    public async Task EndsAfterMaxHoldWhateverItsClientDoes(string hold)
    {
        await using var server = await ServerProcess.StartTestHostAsync(Settings.Scripted($"""
            "Hold": "{hold}", "QuietTime": "00:00:05", "MaxHold": "00:00:01", "TurnTimeout": "00:00:00.5"
            """));
        using var owner = await server.ConnectAsync();
        using var waiter = await server.ConnectAsync();
        Assert.Equal("1", await owner.AskAsync("1"));
        await TurnTests.WaitInLineAsync(server, waiter, "waiter", 1);
        Assert.StartsWith("ERROR timeout ", await owner.ReadLineAsync(), StringComparison.Ordinal);
        Assert.Equal("", await owner.WaitForCloseAsync());
        Assert.Equal("waiter", await waiter.ReadLineAsync());
    }
}
