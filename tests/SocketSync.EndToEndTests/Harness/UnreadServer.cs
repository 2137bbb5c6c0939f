using System.Diagnostics;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace SocketSync.EndToEndTests;

/// <summary>The server as a process whose stdout nobody reads, until the test says so; or slowly.</summary>
internal sealed class UnreadServer : IAsyncDisposable
{
    private readonly TestFiles _files = new();
    private readonly Process _process;
    private readonly HttpClient _http;
    private Task<string>? _reading;

    private UnreadServer(string settings, string serilog)
    {
        var url = $"http://127.0.0.1:{FreePort.Next()}";
        var start = new ProcessStartInfo(
            "dotnet",
            [ServerProcess.Assembly("ServerAssembly"), "--config", _files.Write("appsettings.json", ServerProcess.WholeFile(settings, serilog)), $"--urls={url}"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true, // not read either: a flood of its own is as harmless
        };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("ASPNETCORE_", StringComparison.OrdinalIgnoreCase)).ToList())
            start.Environment.Remove(name);
        _process = Process.Start(start)!;
        _http = new HttpClient { BaseAddress = new(url), Timeout = TimeSpan.FromSeconds(15) };
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Starts the server and waits until it is live; its stdout is not read.</summary>
    public static async Task<UnreadServer> StartAsync(string settings, string serilog)
    {
        var server = new UnreadServer(settings, serilog);
        await Poll.UntilAsync(server.IsLiveAsync, () => "the server is not live", TimeSpan.FromSeconds(30));
        return server;
    }

    public async Task<TestClient> ConnectAsync(string listener) => await TestClient.ConnectAsync((await StatusAsync()).Listeners[listener].Port);

    public async Task<ServerStatus> StatusAsync() =>
        (await _http.GetFromJsonAsync<ServerStatus>("/api/status", JsonSerializerOptions.Web, Cancellation))!;

    public async Task<bool> IsLiveAsync()
    {
        Assert.False(_process.HasExited, "the server has ended");
        try
        {
            using var answer = await _http.GetAsync(new Uri("/health/live", UriKind.Relative), Cancellation);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false; // It does not listen yet.
        }
    }

    /// <summary>Sends so many requests, and takes their replies: echoes.</summary>
    public async Task AskAsync(string listener, int requests)
    {
        using var client = await ConnectAsync(listener);
        var sending = client.SendAsync(string.Concat(Enumerable.Repeat("x\n", requests)));
        await client.ReadAsync(2 * requests);
        await sending;
    }

    /// <summary>Reads from now on, to the end.</summary>
    public void Read() => _reading = _process.StandardOutput.ReadToEndAsync(Cancellation);

    /// <summary>Reads from now on, no faster than so.</summary>
    public void ReadSlowly(int bytesPerSecond) => _reading = ReadSlowlyAsync(bytesPerSecond);

    /// <summary>Waits until the process has ended, which it was told to; reads what is left.</summary>
    public async Task<(int Code, TimeSpan Time)> TerminateAsync()
    {
        var before = Stopwatch.GetTimestamp();
        Assert.Equal(0, Kill(_process.Id, 15));
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        // Process.WaitForExitAsync would wait for the end of what is not read.
        while (!_process.HasExited) await Task.Delay(5, limit.Token);
        return (_process.ExitCode, Stopwatch.GetElapsedTime(before));
    }

    /// <summary>All that it has printed, once it has ended.</summary>
    public async Task<string[]> LinesAsync() => (await (_reading ?? _process.StandardOutput.ReadToEndAsync(Cancellation))).Split('\n');

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        if (_reading is not null) await _reading;
        _http.Dispose();
        _process.Dispose();
        _files.Dispose();
    }

    private async Task<string> ReadSlowlyAsync(int bytesPerSecond)
    {
        var text = new StringBuilder();
        var buffer = new byte[bytesPerSecond / 20];
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(0.05));
        while (await timer.WaitForNextTickAsync(Cancellation) && await _process.StandardOutput.BaseStream.ReadAsync(buffer, Cancellation) is > 0 and var count)
            text.Append(Encoding.UTF8.GetString(buffer, 0, count));
        return text.ToString();
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);
}
