using System.Net;

namespace SocketSync.EndToEndTests;

/// <summary>The projects of docs/samples, each as a process of its own.</summary>
public sealed class SampleTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TheClassicProgramAnswers()
    {
        var port = FreePort.Next();
        await using var sample = new ChildProcess("dotnet", [Assembly("Before"), $"{port}"]);
        await Poll.UntilAsync(() => sample.Output.Any(line => line.StartsWith("listening", StringComparison.Ordinal)), "it listens");
        using var client = await TestClient.ConnectAsync(port);
        await AssertScaleAsync(client);
    }

    [Fact]
    public async Task TheSameWithSocketSyncAnswersAlike()
    {
        await using var sample = await StartAsync("After", "Scale");
        using var client = await ConnectAsync(sample, "Scale");
        await AssertScaleAsync(client);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async number =>
        {
            using var one = await ConnectAsync(sample, "Scale");
            Assert.EndsWith($"apple {number} weighs {$"apple {number}".Length} g", await one.AskAsync($"apple {number}"), StringComparison.Ordinal);
        }));
        Assert.StartsWith("21: ", await client.AskAsync("pear"), StringComparison.Ordinal); // none was counted twice
    }

    [Fact]
    public async Task TheBenchTalksDuringTheTurnAndHasSettings()
    {
        await using var sample = await StartAsync("Bench", "Left", "Right");
        using var left = await ConnectAsync(sample, "Left");
        using var right = await ConnectAsync(sample, "Right");
        Assert.Equal("left bench: which program, 1 to 5?", await left.AskAsync("start"));
        Assert.Equal("bench: which program, 1 to 3?", await right.AskAsync("start"));
        Assert.Equal("run 1: program 5", await left.AskAsync("5"));
        Assert.Equal("there is no program 5", await right.AskAsync("5"));
    }

    [Fact]
    public async Task AMistakeIsOneLineAndNoStack()
    {
        await using var sample = new ChildProcess(
            "dotnet", [Assembly("Bench"), "--urls=http://127.0.0.1:0", "--SocketSync:Resources:Left:Settings:Progams=5"], Path.GetDirectoryName(Assembly("Bench")), isServer: false);
        Assert.NotEqual(0, await sample.ExitAsync(TimeSpan.FromSeconds(30)));
        Assert.Contains("SocketSync:Resources:Left:Settings:Progams: is not a known key; did you mean SocketSync:Resources:Left:Settings:Programs?", sample.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", sample.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AProtocolOfItsOwnIsSpoken()
    {
        await using var sample = await StartAsync("StxEtx", "Printer");
        using var client = await ConnectAsync(sample, "Printer");
        await client.SendAsync("\u0002hello\u0003\u0002wor");
        await client.SendAsync("ld\u0003");
        Assert.Equal("\u0002hello\u0003\u0002world\u0003", await client.ReadAsync(14));
        await client.SendAsync("hello");
        Assert.Equal("\u0015", await client.ReadAsync(1));
    }

    [Fact]
    public async Task TheHostsOwnCodeStandsInLineWithTheClients()
    {
        await using var sample = await StartAsync("Kiosk", "Printer");
        using var client = await ConnectAsync(sample, "Printer");
        var byTcp = client.AskAsync("by tcp");
        var byHttp = Enumerable.Range(0, 5).Select(number => PostAsync(sample, $"/print/label{number}")).ToList();
        var cleaned = PostAsync(sample, "/clean");
        Assert.Equal("printed by tcp", await byTcp);
        Assert.Equal(Enumerable.Range(0, 5).Select(number => $"printed label{number}\n"), await Task.WhenAll(byHttp), StringComparer.Ordinal);
        Assert.Equal("cleaned\n", await cleaned);
        Assert.Equal(7, (await sample.StatusAsync()).Resources["Printer"].Completed);
    }

    private static async Task AssertScaleAsync(TestClient client)
    {
        Assert.Equal("1: apple weighs 5 g", await client.AskAsync("apple"));
        Assert.Equal("2: plum weighs 4 g", await client.AskAsync("plum"));
        Assert.Equal("zeroed", await client.AskAsync("zero"));
    }

    private static string Assembly(string sample) => ServerProcess.Assembly("SamplesFolder").Replace("SAMPLE", sample, StringComparison.Ordinal);

    /// <summary>As at a developer's, with its listeners at free ports.</summary>
    private static Task<PackedHost> StartAsync(string sample, params string[] listeners) =>
        PackedHost.StartAsync(Path.GetDirectoryName(Assembly(sample))!, "dotnet", [Assembly(sample), "--environment=Development"], listeners);

    private static async Task<TestClient> ConnectAsync(PackedHost sample, string listener) => await TestClient.ConnectAsync(await sample.PortAsync(listener));

    private static async Task<string> PostAsync(PackedHost sample, string path)
    {
        using var answer = await sample.Http.PostAsync(new Uri(path, UriKind.Relative), content: null, Cancellation);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadAsStringAsync(Cancellation);
    }
}
