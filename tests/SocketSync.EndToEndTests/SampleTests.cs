using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

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
        await using var sample = await Sample.StartAsync("After", "Scale");
        using var client = await sample.ConnectAsync("Scale");
        await AssertScaleAsync(client);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async number =>
        {
            using var one = await sample.ConnectAsync("Scale");
            Assert.EndsWith($"apple {number} weighs {$"apple {number}".Length} g", await one.AskAsync($"apple {number}"), StringComparison.Ordinal);
        }));
        Assert.StartsWith("21: ", await client.AskAsync("pear"), StringComparison.Ordinal); // none was counted twice
    }

    [Fact]
    public async Task TheBenchTalksDuringTheTurnAndHasSettings()
    {
        await using var sample = await Sample.StartAsync("Bench", "Left", "Right");
        using var left = await sample.ConnectAsync("Left");
        using var right = await sample.ConnectAsync("Right");
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
        await using var sample = await Sample.StartAsync("StxEtx", "Printer");
        using var client = await sample.ConnectAsync("Printer");
        await client.SendAsync("\u0002hello\u0003\u0002wor");
        await client.SendAsync("ld\u0003");
        Assert.Equal("\u0002hello\u0003\u0002world\u0003", await client.ReadAsync(14));
        await client.SendAsync("hello");
        Assert.Equal("\u0015", await client.ReadAsync(1));
    }

    [Fact]
    public async Task TheHostsOwnCodeStandsInLineWithTheClients()
    {
        await using var sample = await Sample.StartAsync("Kiosk", "Printer");
        using var client = await sample.ConnectAsync("Printer");
        var byTcp = client.AskAsync("by tcp");
        var byHttp = Enumerable.Range(0, 5).Select(number => sample.PostAsync($"/print/label{number}")).ToList();
        var cleaned = sample.PostAsync("/clean");
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

    /// <summary>A sample that is a host, with its listeners at free ports.</summary>
    private sealed class Sample : IAsyncDisposable
    {
        private readonly ChildProcess _process;
        private readonly HttpClient _http;

        private Sample(string name, IEnumerable<string> listeners)
        {
            var url = $"http://127.0.0.1:{FreePort.Next()}";
            _http = new HttpClient { BaseAddress = new(url), Timeout = TimeSpan.FromSeconds(20) };
            _process = new(
                "dotnet", [Assembly(name), "--environment=Development", $"--urls={url}", .. listeners.Select(listener => $"--SocketSync:Listeners:{listener}:Port=0")], Path.GetDirectoryName(Assembly(name)), isServer: true);
        }

        public static async Task<Sample> StartAsync(string name, params string[] listeners)
        {
            var sample = new Sample(name, listeners);
            try
            {
                await Poll.UntilAsync(sample.IsReadyAsync, () => $"{name} is not ready: {sample._process.Log}", TimeSpan.FromSeconds(30));
                return sample;
            }
            catch
            {
                await sample.DisposeAsync();
                throw;
            }
        }

        public async Task<ServerStatus> StatusAsync() => (await _http.GetFromJsonAsync<ServerStatus>("/api/status", JsonSerializerOptions.Web, Cancellation))!;

        public async Task<TestClient> ConnectAsync(string listener) => await TestClient.ConnectAsync((await StatusAsync()).Listeners[listener].Port);

        public async Task<string> PostAsync(string path)
        {
            using var answer = await _http.PostAsync(new Uri(path, UriKind.Relative), content: null, Cancellation);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            return await answer.Content.ReadAsStringAsync(Cancellation);
        }

        public async ValueTask DisposeAsync()
        {
            _http.Dispose();
            if (!_process.HasExited)
            {
                _process.Terminate();
                var code = await _process.ExitAsync(TimeSpan.FromSeconds(30));
                if (code != 0) Findings.Tell($"the sample ended with {code}");
                if (_process.Log.Contains("Overriding address", StringComparison.Ordinal)) Findings.Tell("Kestrel warns of the addresses");
            }

            await _process.DisposeAsync();
        }

        private async Task<bool> IsReadyAsync()
        {
            if (_process.HasExited) Assert.Fail($"it has ended: {_process.Log}");
            try
            {
                using var answer = await _http.GetAsync(new Uri("/health/ready", UriKind.Relative), Cancellation);
                return answer.IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false; // it does not listen yet
            }
        }
    }
}
