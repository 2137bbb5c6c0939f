namespace SocketSync.EndToEndTests;

public sealed class ReloadTests
{
    [Fact]
    public async Task ASettingOfAGateHoldsFromTheNextTurnOn()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Two("00:01:00"));
        using var before = await server.ConnectAsync();
        using var after = await server.ConnectAsync("Other");
        await before.SendAsync("hold before\n");
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);

        server.ChangeFile(Two("00:00:00.2"));
        await WaitForTurnsAsync(server, after, "Other", timeout: true);

        // The turn that began before the change goes on under the settings it began with.
        var status = await server.StatusAsync();
        Assert.Equal("Busy", status.Resource.State);
        await server.ReleaseAsync("before");
        Assert.Equal("hold before", await before.ReadLineAsync());
        Assert.StartsWith("ERROR timeout ", await before.AskAsync("hold for ever"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AChangeThatIsInvalidIsLoggedAndChangesNothing()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Two("00:00:00.2"));
        using var client = await server.ConnectAsync();
        server.ChangeFile(Two("00:01:00", hold: "Forever"));
        await server.WaitForLogAsync("SocketSync:Resources:Default:Gate:Hold");
        Assert.StartsWith("ERROR timeout ", await client.AskAsync("hold for ever"), StringComparison.Ordinal);

        // And the next valid one is taken.
        server.ChangeFile(Two("00:01:00"));
        await WaitForTurnsAsync(server, client, "Default", timeout: false);
    }

    [Fact]
    public async Task AFileThatIsNoJsonIsLoggedAndChangesNothing()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Two("00:00:00.2"));
        using var client = await server.ConnectAsync();
        var log = server.Process.Log.Length;
        server.ChangeFile("}");
        await Poll.UntilAsync(() => server.Process.Log.Length > log, "something in the log");
        Assert.StartsWith("ERROR timeout ", await client.AskAsync("hold for ever"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AChangedListenerIsLoggedAsNeedingARestart()
    {
        await using var server = await ServerProcess.StartAsync(Settings.EchoLines);
        using var client = await server.ConnectAsync();
        server.ChangeFile(Settings.EchoLines.Replace("\"Port\": 0", "\"Port\": 0, \"MaxConnections\": 7", StringComparison.Ordinal));
        await server.WaitForLogAsync("restart");
        Assert.Equal("a", await client.AskAsync("a"));
    }

    /// <summary>Takes turns that a short timeout ends and a long one does not, until one is as expected.</summary>
    private static async Task WaitForTurnsAsync(ServerProcess server, TestClient client, string resource, bool timeout)
    {
        var turn = 0;
        await Poll.UntilAsync(
            async () =>
            {
                var key = $"{turn++}";
                await client.SendAsync($"hold {key}\n");
                await server.WaitForStageAsync(s => s.Begun.Contains($"hold {key}"));
                // A turn that lasts longer than the short timeout has the long one.
                await server.WaitForStatusAsync(s => s.Resources[resource].Turn is null or { HeldSeconds: > 0.5 });
                await server.ReleaseAsync(key);
                return (await client.ReadLineAsync())!.StartsWith("ERROR timeout ", StringComparison.Ordinal) == timeout;
            },
            () => "turns do not last as long as the changed file says");
    }

    private static string Two(string turnTimeout, string hold = "Request")
    {
        var resource = $$"""
            { "Processor": "Scripted", "Protocol": { "Name": "Line" }, "Gate": { "TurnTimeout": "{{turnTimeout}}", "Hold": "{{hold}}" } }
            """;
        return $$"""
            "Listeners": { "Default": { "Port": 0 }, "Other": { "Port": 0 } },
            "Resources": { "Default": {{resource}}, "Other": {{resource}} }
            """;
    }
}
