using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace SocketSync.Benchmarks;

/// <summary>A server as a process of its own, from its listening to its end.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private const int KeptLines = 5;
    private static readonly TimeSpan ToListen = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ToEnd = TimeSpan.FromSeconds(5);

    private readonly Process _process;
    private readonly Queue<string> _last = new();

    private ServerProcess(Process process) => _process = process;

    public int Id => _process.Id;

    /// <exception cref="LoadFailureException">It does not listen.</exception>
    public static async Task<ServerProcess> StartAsync(string name, ProcessStartInfo start, int port, CancellationToken cancellationToken)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        start.UseShellExecute = false;
        var server = new ServerProcess(Process.Start(start) ?? throw new LoadFailureException($"{name} did not start."));
        try
        {
            server.Keep();
            await server.ListensAsync(name, port, cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            // Asked first: a server that is killed may leave files and children.
            _ = Libc.Kill(_process.Id, Libc.Terminate);
            using var patience = new CancellationTokenSource(ToEnd);
            try
            {
                await _process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill(entireProcessTree: true);
            }
        }
        _process.Dispose();
    }

    private void Keep()
    {
        // Read so that the server is never held up by its log.
        _process.OutputDataReceived += OnLine;
        _process.ErrorDataReceived += OnLine;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    private void OnLine(object sender, DataReceivedEventArgs line)
    {
        if (line.Data is null) return;
        lock (_last)
        {
            _last.Enqueue(line.Data);
            if (_last.Count > KeptLines) _ = _last.Dequeue();
        }
    }

    private async Task ListensAsync(string name, int port, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await client.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), cancellationToken);
                return;
            }
            catch (SocketException) when (!_process.HasExited && Stopwatch.GetElapsedTime(start) < ToListen)
            {
                await Task.Delay(20, cancellationToken);
            }
            catch (SocketException)
            {
                lock (_last) throw new LoadFailureException($"{name} does not listen on port {port}. Its last lines: {string.Join(" | ", _last)}");
            }
        }
    }
}
