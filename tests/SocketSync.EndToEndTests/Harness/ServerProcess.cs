using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Reflection;
using System.Text.Json;

namespace SocketSync.EndToEndTests;

/// <summary>The server, or the test host, as a process of its own, with a configuration file and ports of its own.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private readonly TestFiles _files = new();
    private readonly string _config;
    private readonly bool _isTestHost;
    private OpenDescriptors? _atStart;

    private ServerProcess(string assembly, string settings, string serilog, int? openFiles, Dictionary<string, string>? environment = null, int? httpPort = null, string? stdout = null)
        : this(assembly, WholeFile(settings, serilog), openFiles, folder: null, more: [], environment, httpPort, stdout: stdout)
    {
    }

    private ServerProcess(
        string assembly, string file, int? openFiles, string? folder, string[] more, Dictionary<string, string>? environment = null,
        int? httpPort = null, string? plugin = null, string? stdout = null)
    {
        if (plugin is not null) _files.Copy(plugin, "plugins");
        _config = _files.Write("appsettings.json", file);
        var url = $"http://127.0.0.1:{httpPort ?? FreePort.Next()}";
        Http = new HttpClient { BaseAddress = new(url), Timeout = TimeSpan.FromSeconds(10) };
        _isTestHost = assembly == "TestHostAssembly";
        string[] arguments = [Assembly(assembly), "--config", _config, $"--urls={url}", .. more];
        Process = openFiles is not null || stdout is not null
            ? new("bash", ["-c", $"ulimit -n {openFiles?.ToString(CultureInfo.InvariantCulture) ?? "hard"}; exec dotnet \"$@\" >{stdout ?? "&1"}", "server", .. arguments], folder, environment)
            : new("dotnet", arguments, folder, environment);
    }

    public ChildProcess Process { get; }

    public HttpClient Http { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Starts the server and waits until it is ready.</summary>
    /// <param name="settings">What stands in section SocketSync.</param>
    /// <param name="serilog">What stands in section Serilog.</param>
    /// <param name="openFiles">How many files it may have open.</param>
    /// <param name="httpPort">Where it serves HTTP, if that matters.</param>
    /// <param name="environment">What it finds in its environment.</param>
    public static Task<ServerProcess> StartAsync(
        string settings, string serilog = "", int? openFiles = null, int? httpPort = null, Dictionary<string, string>? environment = null) =>
        ReadyAsync(new("ServerAssembly", settings, serilog, openFiles, environment, httpPort));

    /// <summary>Starts the server with its standard output going to a file, and waits until it is ready.</summary>
    public static Task<ServerProcess> StartPrintingToAsync(string stdout, string settings, string serilog) =>
        ReadyAsync(new("ServerAssembly", settings, serilog, openFiles: null, stdout: stdout));

    /// <summary>Starts the server, which is not ready as yet, and waits until it has bound its listeners.</summary>
    public static Task<ServerProcess> StartUnreadyAsync(string settings, Dictionary<string, string>? environment = null) =>
        UnreadyAsync("ServerAssembly", settings, environment);

    /// <summary>The same, of the host that has processors "Scripted" and "Converse".</summary>
    public static Task<ServerProcess> StartUnreadyTestHostAsync(string settings) => UnreadyAsync("TestHostAssembly", settings);

    /// <summary>Starts the host that has processors "Scripted" and "Converse", and waits until it is ready.</summary>
    /// <param name="settings">What stands in section SocketSync.</param>
    /// <param name="environment">What it finds in its environment.</param>
    public static Task<ServerProcess> StartTestHostAsync(string settings, Dictionary<string, string>? environment = null) =>
        ReadyAsync(new("TestHostAssembly", settings, serilog: "", openFiles: null, environment));

    /// <summary>Starts the server with a whole file as it is, and waits until it is ready.</summary>
    /// <param name="file">The file's text.</param>
    /// <param name="folder">Where it is started.</param>
    /// <param name="keys">What the command line says over the file, as <c>Key:Of:It=value</c>.</param>
    public static Task<ServerProcess> StartFileAsync(string file, string? folder, params string[] keys) =>
        ReadyAsync(new("ServerAssembly", file, openFiles: null, folder, [.. keys.Select(key => $"--{key}")]));

    /// <summary>Starts the server with a whole file as it is, and waits until it is ready.</summary>
    /// <param name="file">The file's text.</param>
    /// <param name="plugin">An assembly, which with all that lies beside it is in the folder "plugins" beside the file.</param>
    public static Task<ServerProcess> StartWithPluginAsync(string file, string plugin) =>
        ReadyAsync(new("ServerAssembly", file, openFiles: null, folder: null, more: [], plugin: plugin));

    /// <summary>The path of a built assembly that is started, never loaded.</summary>
    public static string Assembly(string name) => typeof(ServerProcess).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == name).Value!;

    public static string WholeFile(string settings, string serilog = "") => $$"""
        {
          "SocketSync": {
            {{settings}}
          },
          "Serilog": {
            {{(serilog.Length > 0 ? serilog : """ "MinimumLevel": { "Default": "Information", "Override": { "Microsoft": "Warning" } } """)}}
          }
        }
        """;

    public void ChangeFile(string settings) => _files.Write("appsettings.json", WholeFile(settings));

    /// <summary>Changes the file so that who looks at its date and length notices nothing.</summary>
    public void ChangeFileUnnoticed(string settings)
    {
        var was = new FileInfo(_config);
        var next = _config + ".next";
        File.WriteAllText(next, WholeFile(settings));
        Assert.Equal(was.Length, new FileInfo(next).Length);
        File.SetLastWriteTimeUtc(next, was.LastWriteTimeUtc);
        File.Move(next, _config, overwrite: true);
    }

    public async Task<TestClient> ConnectAsync(string listener = "Default")
    {
        var status = await StatusAsync();
        return await TestClient.ConnectAsync(status.Listeners[listener].Port);
    }

    public async Task<ServerStatus> StatusAsync() =>
        await Http.GetFromJsonAsync<ServerStatus>("/api/status", JsonSerializerOptions.Web, Cancellation)
        ?? throw new InvalidOperationException("the status is null");

    public async Task<ServerStatus> WaitForStatusAsync(Func<ServerStatus, bool> state, TimeSpan? bound = null)
    {
        ServerStatus? last = null;
        await Poll.UntilAsync(async () => state(last = await StatusAsync()), () => $"the last status was {last}", bound);
        return last!;
    }

    public Task WaitForLogAsync(string text) =>
        Poll.UntilAsync(() => Process.Log.Contains(text, StringComparison.Ordinal), $"'{text}' in the log:\n{Process.Log}");

    public async Task<HttpStatusCode> ReadinessAsync()
    {
        using var answer = await Http.GetAsync(new Uri("/health/ready", UriKind.Relative), Cancellation);
        return answer.StatusCode;
    }

    public Task WaitForReadinessAsync(HttpStatusCode expected)
    {
        HttpStatusCode last = default;
        return Poll.UntilAsync(async () => (last = await ReadinessAsync()) == expected, () => $"readiness was {last}");
    }

    public Task<string> MetricsAsync() => Http.GetStringAsync(new Uri("/metrics", UriKind.Relative), Cancellation);

    /// <summary>Waits until the samples of a metric with all of these labels, each as <c>name="value"</c>, add up to a number.</summary>
    public Task WaitForMetricAsync(double expected, string name, params string[] labels)
    {
        double last = 0;
        return Poll.UntilAsync(
            async () => (last = Metrics.Sum(await MetricsAsync(), name, labels)) == expected,
            () => $"{name} {string.Join(", ", labels)} was {last}, not {expected}");
    }

    /// <summary>Lets the test host's turn that waits for <paramref name="key"/> go on.</summary>
    public async Task ReleaseAsync(string key)
    {
        using var answer = await Http.PostAsync(new Uri($"/test/release/{key}", UriKind.Relative), content: null, Cancellation);
        answer.EnsureSuccessStatusCode();
    }

    public async Task<StageLog> StageAsync() =>
        await Http.GetFromJsonAsync<StageLog>("/test/log", JsonSerializerOptions.Web, Cancellation)
        ?? throw new InvalidOperationException("the log is null");

    public async Task<StageLog> WaitForStageAsync(Func<StageLog, bool> state)
    {
        StageLog? last = null;
        await Poll.UntilAsync(async () => state(last = await StageAsync()), () => $"the last log was {JsonSerializer.Serialize(last)}");
        return last!;
    }

    /// <summary>The test wants an error with these words in what the server prints.</summary>
    public void Expect(string words) => Process.Expect(words);

    /// <summary>Stops the server in order, if the test has not, and tells of whatever it has done wrong.</summary>
    public async ValueTask DisposeAsync()
    {
        // One that never got ready has failed its test already.
        try
        {
            if (_atStart is not null && !Process.IsToldToEnd) await StopAsync(_atStart);
        }
        finally
        {
            Http.Dispose();
            await Process.DisposeAsync();
            _files.Dispose();
        }
    }

    private async Task StopAsync(OpenDescriptors atStart)
    {
        if (Process.HasExited)
        {
            Findings.Tell($"the server has ended, and nobody asked it to; it printed:\n{Process.Log}");
            return;
        }

        try
        {
            if (_isTestHost) await ReleaseAsync("*");
            await TellOfDescriptorsAsync(atStart);
            Process.Terminate();
            var code = await Process.ExitAsync(TimeSpan.FromSeconds(30));
            if (code != 0) Findings.Tell($"the server ended with {code}");
        }
        catch (Exception error)
        {
            Findings.Tell($"the server cannot be stopped in order: {error}");
        }
    }

    private async Task TellOfDescriptorsAsync(OpenDescriptors atStart)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            var status = await StatusAsync();
            var (links, clients) = (status.Resources.Values.Count(r => r.Link is not null), status.Listeners.Values.Sum(l => l.Connections));
            var now = OpenDescriptors.Of(Process.Id);
            if (now.IsExplainedBy(atStart, links, clients)) return;
            if (watch.Elapsed > Poll.Bound)
            {
                Findings.Tell($"descriptors are left open: {now}; {atStart} at the start, {links} links and {clients} clients now");
                return;
            }

            await Task.Delay(20);
        }
    }

    private static Task<ServerProcess> ReadyAsync(ServerProcess server) => StartedAsync(server, s => s.AnswersAsync(HttpStatusCode.OK));

    private static Task<ServerProcess> UnreadyAsync(string assembly, string settings, Dictionary<string, string>? environment = null) =>
        StartedAsync(new(assembly, settings, serilog: "", openFiles: null, environment), async server =>
            await server.AnswersAsync(HttpStatusCode.ServiceUnavailable) && (await server.StatusAsync()).Listeners.Count > 0);

    private static async Task<ServerProcess> StartedAsync(ServerProcess server, Func<ServerProcess, Task<bool>> state)
    {
        try
        {
            await Poll.UntilAsync(
                () => state(server), () => $"the server has not started; it printed:\n{server.Process.Log}", TimeSpan.FromSeconds(30));
            server._atStart = OpenDescriptors.Of(server.Process.Id);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    private async Task<bool> AnswersAsync(HttpStatusCode readiness)
    {
        if (Process.HasExited) Assert.Fail($"the server has ended; it printed:\n{Process.Log}");
        try
        {
            return await ReadinessAsync() == readiness;
        }
        catch (HttpRequestException)
        {
            return false; // It does not listen yet.
        }
    }
}
