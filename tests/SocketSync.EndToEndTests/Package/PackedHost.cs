using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace SocketSync.EndToEndTests;

/// <summary>A host that was built against the packages, a sample, or a server as it is installed, as a process of its own.</summary>
internal sealed partial class PackedHost : IAsyncDisposable
{
    private readonly ChildProcess _process;

    private PackedHost(string folder, string program, string[] arguments, string[] listeners)
    {
        var url = $"http://127.0.0.1:{FreePort.Next()}";
        Http = new HttpClient { BaseAddress = new(url), Timeout = TimeSpan.FromSeconds(10) };
        _process = new(program, [.. arguments, $"--urls={url}", .. listeners.Select(listener => $"--SocketSync:Listeners:{listener}:Port=0")], folder, isServer: true);
    }

    public HttpClient Http { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Starts it in a folder, the one of its configuration, and waits until it is ready.</summary>
    public static Task<PackedHost> StartAsync(string folder, string assembly) => StartProgramAsync(folder, "dotnet", assembly);

    /// <summary>The same, of a program.</summary>
    public static Task<PackedHost> StartProgramAsync(string folder, string program, params string[] arguments) => StartAsync(folder, program, arguments, ["Default"]);

    /// <summary>The same, with listeners of these names, each at a free port.</summary>
    public static async Task<PackedHost> StartAsync(string folder, string program, string[] arguments, string[] listeners)
    {
        var host = new PackedHost(folder, program, arguments, listeners);
        try
        {
            await Poll.UntilAsync(host.IsReadyAsync, () => $"the host is not ready; it printed:\n{host._process.Log}", TimeSpan.FromSeconds(30));
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    public async Task<ServerStatus> StatusAsync() => (await Http.GetFromJsonAsync<ServerStatus>("/api/status", JsonSerializerOptions.Web, Cancellation))!;

    /// <summary>The port of a listener.</summary>
    public async Task<int> PortAsync(string listener = "Default") => (await StatusAsync()).Listeners[listener].Port;

    /// <summary>What is served there, with 200.</summary>
    public Task<string> GetAsync(string path) => Http.GetStringAsync(new Uri(path, UriKind.Relative), Cancellation);

    /// <summary>The page is there, and everything that its own elements fetch.</summary>
    public async Task AssertPageIsWholeAsync()
    {
        var page = await GetAsync("/");
        var assets = Asset().Matches(page).Select(match => match.Groups["path"].Value).Order(StringComparer.Ordinal).ToList();
        Assert.Contains(assets, path => path.Contains("blazor.server", StringComparison.Ordinal));
        Assert.Contains(assets, path => path.Contains("MudBlazor", StringComparison.Ordinal));
        foreach (var path in assets) Assert.NotEmpty(await GetAsync($"/{path}"));
    }

    public async Task<HttpStatusCode> StatusOfAsync(string path)
    {
        using var answer = await Http.GetAsync(new Uri(path, UriKind.Relative), Cancellation);
        return answer.StatusCode;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (!_process.HasExited)
        {
            _process.Terminate();
            var code = await _process.ExitAsync(TimeSpan.FromSeconds(30));
            if (code != 0) Findings.Tell($"the host ended with {code}");
            if (_process.Log.Contains("Overriding address", StringComparison.Ordinal)) Findings.Tell("Kestrel warns of the addresses");
        }

        await _process.DisposeAsync();
    }

    [GeneratedRegex("<(?:link|script) [^>]*(?:href|src)=\"(?<path>[^\"]+)\"", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Asset();

    private async Task<bool> IsReadyAsync()
    {
        if (_process.HasExited) Assert.Fail($"the host has ended; it printed:\n{_process.Log}");
        try
        {
            using var answer = await Http.GetAsync(new Uri("/health/ready", UriKind.Relative), Cancellation);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false; // It does not listen yet.
        }
    }
}
