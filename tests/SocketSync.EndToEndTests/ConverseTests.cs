namespace SocketSync.EndToEndTests;

public sealed class ConverseTests
{
    [Fact]
    public async Task KeepsItsTurnWhileItTalks()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Converse());
        using var first = await server.ConnectAsync();
        using var second = await server.ConnectAsync();
        Assert.Equal("which program?", await first.AskAsync("start"));
        await TurnTests.WaitInLineAsync(server, second, "start", 1);

        Assert.Equal("1: short", await first.AskAsync("short"));
        Assert.Equal("which program?", await second.ReadLineAsync());
        Assert.Equal("2: long", await second.AskAsync("long"));
        Assert.Equal(0, (await server.StageAsync()).Overlaps);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task EndsWhenItsClientLeaves(bool reset)
    {
        await using var server = await ServerProcess.StartTestHostAsync(Converse());
        using var leaving = await server.ConnectAsync();
        using var next = await server.ConnectAsync();
        Assert.Equal("which program?", await leaving.AskAsync("start"));
        await TurnTests.WaitInLineAsync(server, next, "start", 1);
        if (reset) leaving.Reset();
        else leaving.HalfClose();
        Assert.Equal("which program?", await next.ReadLineAsync());
        Assert.Equal("1: x", await next.AskAsync("x"));
    }

    /// <summary>One listener and a resource that asks back, for lines.</summary>
    internal static string Converse(string gate = "") => $$"""
        "Listeners": { "Default": { "Port": 0 } },
        "Resources": { "Default": { "Processor": "Converse", "Protocol": { "Name": "Line" }, "Gate": { {{gate}} } } }
        """;
}
