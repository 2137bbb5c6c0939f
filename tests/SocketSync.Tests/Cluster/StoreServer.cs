using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace SocketSync.Tests;

/// <summary>
/// A real store on a free port of loopback, with its data in a folder of its own; it ends with the test. Without its program a test is
/// skipped, except where CI has installed it.
/// </summary>
internal abstract class StoreServer : IAsyncDisposable
{
    protected const int Interrupt = 2;
    protected const int Quit = 3;
    protected const int Terminate = 15;
    private const int Kill = 9;
    private const int Continue = 18;
    private const int Stop = 19;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("socketsync-store-");
    private readonly ConcurrentQueue<string> _log = new();
    private Process? _process;

    public int Port { get; } = FreePort.Next();

    /// <summary>As <c>Cluster:Store</c> takes it.</summary>
    public abstract string Configuration { get; }

    protected string Folder => _folder.FullName;

    /// <summary>Starts it, or starts it again after <see cref="StopAsync"/> or <see cref="CrashAsync"/>, with the data that it has kept.</summary>
    public async Task StartAsync()
    {
        var start = Command();
        start.UseShellExecute = false;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        start.WorkingDirectory = Folder;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        var watch = Stopwatch.StartNew();
        while (!await AnswersAsync())
        {
            Assert.False(_process.HasExited, $"the store has ended:\n{Log}");
            Assert.True(watch.Elapsed < Patience, $"the store does not answer:\n{Log}");
            await Task.Delay(20);
        }
    }

    /// <summary>Ends it as an administrator does; it keeps its data.</summary>
    public Task StopAsync() => EndAsync(StopSignal);

    /// <summary>Ends it at once.</summary>
    public Task CrashAsync() => EndAsync(CrashSignal);

    /// <summary>Stops all its processes, which then answer nobody, while their connections stay.</summary>
    public void Pause() => Signal(Stop);

    public void Resume() => Signal(Continue);

    /// <summary>Deletes all data, of everybody.</summary>
    public abstract Task EmptyAsync();

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            Resume();
            await EndAsync(CrashSignal);
        }

        _process?.Dispose();
        _folder.Delete(recursive: true);
        GC.SuppressFinalize(this);
    }

    protected abstract int StopSignal { get; }

    protected virtual int CrashSignal => Kill;

    protected string Log => string.Join('\n', _log);

    protected abstract ProcessStartInfo Command();

    protected abstract Task<bool> AnswersAsync();

    protected static void Require(bool exists, string program)
    {
        if (Environment.GetEnvironmentVariable("CI") is "true" or "1") Assert.True(exists, $"{program} is not installed");
        Assert.SkipUnless(exists, $"{program} is not installed");
    }

    /// <summary>Runs a program to its end.</summary>
    protected async Task<string> RunAsync(ProcessStartInfo start)
    {
        start.UseShellExecute = false;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        start.WorkingDirectory = Folder;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(Patience);
        await process.WaitForExitAsync(limit.Token);
        Assert.True(process.ExitCode == 0, $"{start.FileName} has failed: {await output} {await errors}");
        return await output;
    }

    /// <summary>Starts a new one; if that fails, nothing is left of it.</summary>
    protected static async Task<T> StartedAsync<T>(T server)
        where T : StoreServer
    {
        try
        {
            await server.StartAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    private async Task EndAsync(int signal)
    {
        if (_process is not { HasExited: false } process) return;
        _ = SendSignal(process.Id, signal);
        using var limit = new CancellationTokenSource(Patience);
        await process.WaitForExitAsync(limit.Token);
        process.Dispose();
        _process = null;
    }

    private void Signal(int signal)
    {
        var first = _process!.Id;
        _ = SendSignal(first, signal);
        // A server that has a process for each connection makes no new ones once it is stopped.
        foreach (var child in ChildrenOf(first)) _ = SendSignal(child, signal);
    }

    private static List<int> ChildrenOf(int parent)
    {
        List<int> children = [];
        foreach (var folder in Directory.GetDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id)) continue;
            try
            {
                // proc_pid_stat(5): the name, in parentheses, may hold anything; after it the state and the parent.
                var fields = File.ReadAllText(Path.Combine(folder, "stat"));
                if (int.Parse(fields[(fields.LastIndexOf(')') + 1)..].Split(' ')[2], CultureInfo.InvariantCulture) == parent) children.Add(id);
            }
            catch (IOException)
            {
                // It has ended.
            }
        }

        return children;
    }

    private void Keep(string? line)
    {
        if (line is not null) _log.Enqueue(line);
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SendSignal(int process, int signal);
}
