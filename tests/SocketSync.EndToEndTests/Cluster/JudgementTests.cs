using Xunit.Sdk;

namespace SocketSync.EndToEndTests;

/// <summary>The judge sees what nodes must not do.</summary>
public sealed class JudgementTests
{
    private static readonly HashSet<int> s_none = [];

    [Fact]
    public async Task OwnersThatFollowEachOtherAreRight()
    {
        await using var device = new JudgeDevice(namesEpochs: true);
        using (var first = await TestClient.ConnectAsync(device.Port)) Assert.Equal("ok 1 a x", await first.AskAsync("1 a x"));
        await WaitForEndAsync(device);
        using (var second = await TestClient.ConnectAsync(device.Port)) Assert.Equal("ok 2 b y", await second.AskAsync("2 b y"));
        Judgement.AssertOneOwnerAtATime(device);
        Judgement.AssertOneConnectionAtATime(device, s_none);
    }

    [Theory]
    [InlineData("an older owner", "1 a x", "2 b y", "1 a z")]
    [InlineData("executed twice", "1 a x", "2 b x")]
    [InlineData("another node had that epoch", "1 a x", "1 b y")]
    public async Task AWrongOwnerIsSeen(string told, params string[] requests)
    {
        await using var device = new JudgeDevice(namesEpochs: true);
        using var client = await TestClient.ConnectAsync(device.Port);
        foreach (var request in requests) await client.AskAsync(request);
        Assert.Contains(told, Assert.Throws<FailException>(() => Judgement.AssertOneOwnerAtATime(device)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ASecondConnectionIsSeen()
    {
        await using var device = new JudgeDevice(namesEpochs: false);
        using var first = await TestClient.ConnectAsync(device.Port);
        using var second = await TestClient.ConnectAsync(device.Port);
        foreach (var (client, request) in ((TestClient, string)[])[(first, "x"), (second, "y"), (first, "z")]) await client.AskAsync(request);
        Assert.Throws<FailException>(() => Judgement.AssertOneConnectionAtATime(device, s_none));
        Assert.Contains("an older owner", Assert.Throws<FailException>(() => Judgement.AssertOneOwnerAtATime(device)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Ending.Answered, "y", "answered, but not executed")]
    [InlineData(Ending.Refused, "x", "refused, but executed")]
    [InlineData(Ending.Wrong, "y", "a wrong reply")]
    public async Task AnUntruthToAClientIsSeen(object ending, string request, string told)
    {
        await using var device = new JudgeDevice(namesEpochs: true);
        using var client = await TestClient.ConnectAsync(device.Port);
        await client.AskAsync("1 a x");
        var asked = new Asked(1, request, "a", 1, 2, (Ending)ending, "");
        Assert.Contains(told, Assert.Throws<FailException>(() => Judgement.AssertTrueToTheClients(device, [asked])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ALostAnswerIsSeen()
    {
        await using var device = new JudgeDevice(namesEpochs: true);
        using var client = await TestClient.ConnectAsync(device.Port);
        await client.AskAsync("1 a x");
        Assert.Throws<FailException>(() => Judgement.AssertNothingLost(device, [new(1, "x", "a", 1, 2, Ending.Reset, "")]));
    }

    private static Task WaitForEndAsync(JudgeDevice device) =>
        Poll.UntilAsync(() => device.Connections.All(connection => connection.EndedAt is not null), "the device sees no end");
}
