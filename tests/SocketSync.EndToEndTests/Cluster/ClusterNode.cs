using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace SocketSync.EndToEndTests;

/// <summary>One server of several, as a process that a test ends in every way there is, and starts again with the same ports.</summary>
internal sealed partial class ClusterNode : IAsyncDisposable
{
    private const int Stopping = 19;
    private const int Continuing = 18;

    private readonly Dictionary<string, int> _ports = new(StringComparer.Ordinal);
    private readonly List<string> _allowed = [];
    private readonly TestFiles _files = new();
    private ChildProcess? _process;

    public ClusterNode(string name, IPAddress? address = null, IPAddress? clientAddress = null)
    {
        Name = name;
        NodeAddress = address ?? IPAddress.Loopback;
        Address = clientAddress ?? NodeAddress;
        Http = new HttpClient { BaseAddress = new($"http://{Address}:{HttpPort}"), Timeout = TimeSpan.FromSeconds(5) };
    }

    public string Name { get; }

    /// <summary>Where the other nodes reach it.</summary>
    public IPAddress NodeAddress { get; }

    /// <summary>Where its clients do.</summary>
    public IPAddress Address { get; }

    public int NodePort { get; } = FreePort.Next();

    public int ForwardPort { get; } = FreePort.Next();

    public int HttpPort { get; } = FreePort.Next();

    public HttpClient Http { get; }

    public bool IsStopped { get; private set; }

    /// <summary>Whether it runs, and nobody has asked it to end.</summary>
    public bool IsRunning => _process is { HasExited: false, IsToldToEnd: false } && !IsStopped;

    public ChildProcess Process => _process ?? throw new InvalidOperationException($"node {Name} has not been started");

    /// <summary>What goes before the program on its command line, such as <c>ip netns exec NAME</c>.</summary>
    public string[] Wrapper { get; init; } = [];

    /// <summary>What is run, at the next start: this build of it, or another.</summary>
    public string Program { get; set; } = ServerProcess.Assembly("TestHostAssembly");

    /// <summary>What it finds in its environment, at the next start.</summary>
    public Dictionary<string, string> Environment { get; } = new(StringComparer.Ordinal);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>The port of a listener; the same at each node's start.</summary>
    public int Port(string listener)
    {
        if (!_ports.TryGetValue(listener, out var port)) _ports[listener] = port = FreePort.Next();
        return port;
    }

    /// <summary>Starts it, and does not wait until it is ready.</summary>
    /// <param name="configuration">The whole file.</param>
    public async Task StartAsync(string configuration)
    {
        if (_process is { HasExited: false, IsToldToEnd: true }) await _process.ExitAsync(TimeSpan.FromSeconds(20));
        if (_process is not null) await _process.DisposeAsync();
        IsStopped = false;
        var file = _files.Write("appsettings.json", configuration);
        string[] command = [.. Wrapper, "dotnet", Program, "--config", file, $"--urls=http://{Address}:{HttpPort}"];
        _process = new(command[0], command[1..], environment: Environment, isServer: true);
        foreach (var words in ClusterNoise.OfOrleans) _process.Allow(words);
        foreach (var words in _allowed) _process.Allow(words);
    }

    public Task<TestClient> ConnectAsync(string listener) => TestClient.ConnectAsync(new IPEndPoint(Address, Port(listener)));

    /// <summary>What a test does to it may make this process and those after it say so.</summary>
    public void Allow(string words)
    {
        _allowed.Add(words);
        _process?.Allow(words);
    }

    public void Kill() => Process.Crash();

    public void Stop()
    {
        Process.Signal(Stopping);
        IsStopped = true;
    }

    public void Continue()
    {
        Process.Signal(Continuing);
        IsStopped = false;
    }

    /// <summary>Whether every thread of it stands still, as after SIGSTOP.</summary>
    public bool IsStandingStill() => File.ReadAllText($"/proc/{Process.Id}/stat").Split(") ", 2)[1][0] == 'T';

    /// <summary>The resources that it says it serves, each with the epoch; what it had when it died it has still.</summary>
    public IReadOnlyDictionary<string, long> Terms()
    {
        var terms = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var line in _process?.Output ?? [])
        {
            if (Begun().Match(line) is { Success: true } begun)
                terms[begun.Groups["resource"].Value] = long.Parse(begun.Groups["epoch"].Value, CultureInfo.InvariantCulture);
            else if (Ended().Match(line) is { Success: true } ended)
                terms.Remove(ended.Groups["resource"].Value);
        }

        return terms;
    }

    /// <summary>Its readiness; null where it does not answer.</summary>
    public async Task<HttpStatusCode?> ReadinessAsync()
    {
        try
        {
            using var answer = await Http.GetAsync(new Uri("/health/ready", UriKind.Relative), Cancellation);
            return answer.StatusCode;
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException && !Cancellation.IsCancellationRequested)
        {
            return null;
        }
    }

    public Task WaitForReadinessAsync(TimeSpan? bound = null) => Poll.UntilAsync(
        async () =>
        {
            if (Process.HasExited) Assert.Fail($"node {Name} has ended; it printed:\n{Process.Log}");
            return await ReadinessAsync() == HttpStatusCode.OK;
        },
        () => $"node {Name} is not ready; it printed:\n{Process.Log}", bound ?? TimeSpan.FromSeconds(30));

    public async Task<ServerStatus> StatusAsync() =>
        await Http.GetFromJsonAsync<ServerStatus>("/api/status", JsonSerializerOptions.Web, Cancellation)
        ?? throw new InvalidOperationException("the status is null");

    public async Task<ServerStatus> WaitForStatusAsync(Func<ServerStatus, bool> state)
    {
        ServerStatus? last = null;
        await Poll.UntilAsync(async () => state(last = await StatusAsync()), () => $"the last status was {last}");
        return last!;
    }

    public Task WaitForLogAsync(string text, TimeSpan? bound = null) => Poll.UntilAsync(
        () => Process.Log.Contains(text, StringComparison.Ordinal), $"'{text}' in the log of node {Name}:\n{Process.Log}", bound);

    /// <summary>Lets the turn here that waits for <paramref name="key"/> go on.</summary>
    public async Task ReleaseAsync(string key)
    {
        using var answer = await Http.PostAsync(new Uri($"/test/release/{key}", UriKind.Relative), content: null, Cancellation);
        answer.EnsureSuccessStatusCode();
    }

    public async Task<StageLog> StageAsync() =>
        await Http.GetFromJsonAsync<StageLog>("/test/log", JsonSerializerOptions.Web, Cancellation)
        ?? throw new InvalidOperationException("the log is null");

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (_process is not null) await _process.DisposeAsync();
        _files.Dispose();
    }

    [GeneratedRegex("Resource \"?(?<resource>[^\" ]+)\"? is served by this node from now on, in epoch (?<epoch>[0-9]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Begun();

    [GeneratedRegex("Resource \"?(?<resource>[^\" ]+)\"? is not served by this node any more", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Ended();
}
