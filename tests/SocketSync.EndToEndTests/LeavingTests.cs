namespace SocketSync.EndToEndTests;

/// <summary>Clients that go while they wait in line.</summary>
public sealed class LeavingTests
{
    [Fact]
    public async Task OneThatEndsItsStreamAndThenResetsIsNotProcessed()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Settings.Scripted());
        using var holder = await server.ConnectAsync();
        using var gone = await server.ConnectAsync();
        using var next = await server.ConnectAsync();
        await holder.SendAsync("hold key\n");
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        await TurnTests.WaitInLineAsync(server, gone, "gone", 1);
        await TurnTests.WaitInLineAsync(server, next, "next", 2);

        gone.HalfClose(); // it would still be answered
        gone.Reset();
        await server.ReleaseAsync("key");

        Assert.Equal("next", await next.ReadLineAsync());
        Assert.Equal(["hold key", "next"], (await server.StageAsync()).Begun);
        await server.WaitForStatusAsync(s => s.Resource.Abandoned == 1 && s.Listener.Connections == 2);
    }

    [Theory]
    [InlineData("ModbusTcp", "", false)]
    [InlineData("ModbusTcp", """ "EndOfStream": "Answer" """, true)]
    [InlineData("Line", "", true)]
    [InlineData("Line", """ "EndOfStream": "Leave" """, false)]
    public async Task OneThatEndsItsStreamIsAnsweredOrLeaves(string protocol, string gate, bool isAnswered)
    {
        await using var server = await ServerProcess.StartAsync($$"""
            {{Operator.Setting}}
            "Listeners": { "Default": { "Port": 0 } },
            "Resources": { "Default": { "Protocol": { "Name": "{{protocol}}" }, "Gate": { {{gate}} } } }
            """);
        var steering = new Operator(server);
        await steering.PauseAsync();
        using var leaving = await server.ConnectAsync();
        using var staying = await server.ConnectAsync();
        var request = protocol == "Line" ? "0123456789ab"u8.ToArray() : ModbusTestClient.Request(1, 3, 7);
        if (protocol == "Line") request[^1] = (byte)'\n';
        await leaving.SendAsync(request);
        await server.WaitForStatusAsync(s => s.Resource.QueueLength == 1);
        await staying.SendAsync(request);
        await server.WaitForStatusAsync(s => s.Resource.QueueLength == 2);

        leaving.HalfClose();
        if (!isAnswered) await server.WaitForStatusAsync(s => s.Resource is { QueueLength: 1, Abandoned: 1 });
        await steering.ResumeAsync();

        Assert.Equal(request, await ModbusTestClient.ReadAsync(staying, request.Length));
        Assert.Equal(isAnswered ? request.Length : 0, (await leaving.ReadToEndAsync()).Length);
        await server.WaitForStatusAsync(s => s.Resource.Completed == (isAnswered ? 2 : 1) && s.Listener.Connections == 1);
    }

    [Fact]
    public async Task WhatTheEndOfTheStreamMeansFollowsTheFile()
    {
        const string Settings = """
            "Admin": { "Token": "correct-horse-battery" },
            "Listeners": { "Default": { "Port": 0 } },
            "Resources": { "Default": { "Protocol": { "Name": "Line" }, "Gate": { "EndOfStream": "MEANING" } } }
            """;
        await using var server = await ServerProcess.StartAsync(Settings.Replace("MEANING", "Answer", StringComparison.Ordinal));
        server.ChangeFile(Settings.Replace("MEANING", "Leave", StringComparison.Ordinal));
        await server.WaitForLogAsync("is applied to Default");
        await new Operator(server).PauseAsync();
        using var client = await server.ConnectAsync();
        await client.SendAsync("x\n");
        await server.WaitForStatusAsync(s => s.Resource.QueueLength == 1);
        client.HalfClose();
        await server.WaitForStatusAsync(s => s.Resource is { QueueLength: 0, Abandoned: 1 });
        Assert.Equal("", await client.ReadToEndAsync());
    }
}
