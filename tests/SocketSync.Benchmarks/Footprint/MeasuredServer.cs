using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Threading.Channels;

namespace SocketSync.Benchmarks;

/// <summary>A server as a process of its own, on free ports.</summary>
internal sealed class MeasuredServer : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly string ThisAssembly = typeof(MeasuredServer).Assembly.Location;

    private readonly Process _process;
    private readonly Channel<string> _heapLines = Channel.CreateUnbounded<string>();
    private string _lastLine = "nothing";

    private MeasuredServer(IEnumerable<string> arguments, int httpPort, bool withHook)
    {
        HttpPort = httpPort;
        Http = new HttpClient { BaseAddress = new($"http://127.0.0.1:{httpPort}"), Timeout = Patience };
        var start = new ProcessStartInfo(Workplace.Dotnet, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // As the shipped server sets them for itself; a host of one's own is told to.
        start.Environment["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = "1";
        start.Environment["DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT"] = "1";
        if (withHook)
            start.Environment["DOTNET_STARTUP_HOOKS"] = ThisAssembly;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += OnLine;
        _process.ErrorDataReceived += OnLine;
        StartedAt = Stopwatch.GetTimestamp();
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public int Id => _process.Id;

    public int HttpPort { get; }

    public HttpClient Http { get; }

    public long StartedAt { get; }

    public ProcessMemory Memory => ProcessMemory.Of(_process.Id);

    /// <summary>The server as it is shipped, but that it takes lines, and as many clients as there may be.</summary>
    /// <param name="withHook">Whether <see cref="HeapAsync"/> will be asked.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="assembly">The server's, if not the one that was built beside this program.</param>
    public static Task<MeasuredServer> StartAsync(bool withHook, CancellationToken cancellationToken, string? assembly = null) =>
        StartAsync(["Protocol:Name=Line"], withHook, cancellationToken, assembly);

    /// <summary>The server as it is shipped, but for keys of its resource.</summary>
    /// <param name="keys">Such as <c>Protocol:Name=Line</c>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static Task<MeasuredServer> StartAsync(string[] keys, CancellationToken cancellationToken) => StartAsync(keys, withHook: false, cancellationToken);

    private static Task<MeasuredServer> StartAsync(string[] keys, bool withHook, CancellationToken cancellationToken, string? assembly = null)
    {
        var http = FreePort.Next();
        return ReadyAsync(
            new(
                [
                    assembly ?? Workplace.ServerAssembly, $"--urls=http://127.0.0.1:{http}", "--SocketSync:Listeners:Default:Port=0",
                    "--SocketSync:Listeners:Default:MaxConnections=100000", .. keys.Select(key => $"--SocketSync:Resources:Default:{key}"),
                ],
                http,
                withHook),
            cancellationToken);
    }

    /// <summary>The server with a configuration of its own, whose <see cref="HeapAsync"/> may be asked.</summary>
    public static Task<MeasuredServer> StartConfiguredAsync(string file, CancellationToken cancellationToken)
    {
        var http = FreePort.Next();
        return ReadyAsync(new([Workplace.ServerAssembly, "--config", file, $"--urls=http://127.0.0.1:{http}"], http, withHook: true), cancellationToken);
    }

    /// <summary>One of this program's own.</summary>
    public static Task<MeasuredServer> StartOwnAsync(string name, CancellationToken cancellationToken)
    {
        var http = FreePort.Next();
        return ReadyAsync(new([ThisAssembly, "footprint", name, "--http", $"{http}"], http, withHook: false), cancellationToken);
    }

    /// <summary>A client of one of its listeners.</summary>
    public async Task<EchoClient> ConnectAsync(CancellationToken cancellationToken, string listener = "Default") =>
        await EchoClient.ConnectAsync(await PortAsync(listener, cancellationToken), cancellationToken);

    public async Task<int> PortAsync(string listener, CancellationToken cancellationToken)
    {
        using var status = await StatusAsync(cancellationToken);
        return status.RootElement.GetProperty("listeners").GetProperty(listener).GetProperty("port").GetInt32();
    }

    public async Task<JsonDocument> StatusAsync(CancellationToken cancellationToken) =>
        JsonDocument.Parse(await Http.GetStringAsync(new Uri("/api/status", UriKind.Relative), cancellationToken));

    public async Task<HeapFigures> HeapAsync(CancellationToken cancellationToken)
    {
        await _process.StandardInput.WriteLineAsync("".AsMemory(), cancellationToken);
        await _process.StandardInput.FlushAsync(cancellationToken);
        var words = (await _heapLines.Reader.ReadAsync(cancellationToken)).Split(' ');
        return new(long.Parse(words[1], CultureInfo.InvariantCulture), long.Parse(words[2], CultureInfo.InvariantCulture));
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static async Task<MeasuredServer> ReadyAsync(MeasuredServer server, CancellationToken cancellationToken)
    {
        try
        {
            while (!await server.IsReadyAsync(cancellationToken))
                await Task.Delay(1, cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    private async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        if (_process.HasExited || Stopwatch.GetElapsedTime(StartedAt) > Patience)
            throw new LoadFailureException($"The measured server does not start; its last line: {_lastLine}");
        try
        {
            using var answer = await Http.GetAsync(new Uri("/health/ready", UriKind.Relative), cancellationToken);
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private void OnLine(object sender, DataReceivedEventArgs line)
    {
        if (line.Data is not { } text)
            return;
        if (text.StartsWith(StartupHook.Mark, StringComparison.Ordinal))
            _heapLines.Writer.TryWrite(text);
        else
            _lastLine = text;
    }
}
