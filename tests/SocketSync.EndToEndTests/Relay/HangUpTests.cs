namespace SocketSync.EndToEndTests;

/// <summary>A device that hangs up at certain requests, and is there all the time.</summary>
public sealed class HangUpTests
{
    [Fact]
    public async Task ARequestThatMakesTheDeviceHangUpShutsNobodyOut()
    {
        await using var device = new ScriptedDevice(new LineDialect(), async service =>
        {
            if (service.Key == "poison") service.Reset();
            else await service.AnswerAsync();
        });
        await using var server = await ServerProcess.StartAsync(RelaySettings.Of("Line", device.Tcp));
        using var poisoner = await server.ConnectAsync();
        using var other = await server.ConnectAsync();
        for (var i = 0; i < 15; i++)
        {
            Assert.StartsWith("ERROR unavailable", await poisoner.AskAsync("poison"), StringComparison.Ordinal);
            if (i % 5 == 4) Assert.Equal($"={i}", await other.AskAsync($"{i}"));
        }

        device.AssertOneAtATime();
    }

    [Fact]
    public async Task ADeviceThatHangsUpAfterEachReplyFillsNoLog()
    {
        await using var device = new ScriptedDevice(new LineDialect(), async service =>
        {
            await service.AnswerAsync();
            service.HangUp();
        });
        await using var server = await ServerProcess.StartAsync(RelaySettings.Of("Line", device.Tcp));
        using var client = await server.ConnectAsync();
        var served = 0;
        for (var i = 0; i < 200; i++)
            if (await client.AskAsync($"{i}") == $"={i}") served++;
        Assert.True(served > 0);
        Assert.InRange(server.Process.Log.Split('\n').Count(l => l.Contains("Resource Default", StringComparison.Ordinal)), 1, 8);
        await server.WaitForLogAsync("not told one by one");
    }
}
