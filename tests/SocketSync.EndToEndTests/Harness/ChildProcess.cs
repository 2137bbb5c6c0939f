using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace SocketSync.EndToEndTests;

/// <summary>A process that a test started: what it prints, how it ends. It is killed with the test at the latest.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();
    private readonly ConcurrentQueue<string> _errors = new();
    private readonly ConcurrentQueue<string> _both = new();
    private readonly ConcurrentBag<string> _expected = [];
    private readonly ConcurrentBag<string> _allowed = [];
    private readonly ProcessFamily? _family;

    /// <param name="fileName">The program.</param>
    /// <param name="arguments">What it is started with.</param>
    /// <param name="folder">Where it is started.</param>
    /// <param name="environment">What it finds in its environment.</param>
    /// <param name="isServer">Whether it is one of ours: the test fails by what it says of errors, and by what it leaves behind.</param>
    public ChildProcess(
        string fileName, IEnumerable<string> arguments, string? folder = null, Dictionary<string, string>? environment = null, bool? isServer = null)
    {
        var start = new ProcessStartInfo(fileName, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? "",
        };
        // What the machine says of ports and settings is not for the server under test.
        foreach (var name in start.Environment.Keys.Where(IsSetting).ToList()) start.Environment.Remove(name);
        foreach (var (name, value) in environment ?? []) start.Environment[name] = value;
        if (isServer ?? start.ArgumentList.Any(Servers.Contains))
        {
            _family = new();
            _family.Mark(start.Environment);
            start.Environment["DOTNET_STARTUP_HOOKS"] = ServerProcess.Assembly("StartupHookAssembly");
        }

        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Keep(line.Data, _output);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data, _errors);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    private static IReadOnlySet<string> Servers { get; } =
        new HashSet<string>([ServerProcess.Assembly("ServerAssembly"), ServerProcess.Assembly("TestHostAssembly")], StringComparer.Ordinal);

    public int Id => _process.Id;

    /// <summary>Whether the test has asked it to end, or waited for that, and so looks at how it ended itself.</summary>
    public bool IsToldToEnd { get; private set; }

    public bool HasExited => _process.HasExited;

    public StreamWriter Input => _process.StandardInput;

    public IReadOnlyList<string> Output => [.. _output];

    public IReadOnlyList<string> Errors => [.. _errors];

    /// <summary>What it printed to either, in about the order in which it came.</summary>
    public string Log => string.Join('\n', _both);

    /// <summary>The processor time it has used, in all its threads.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    public long ResidentBytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <summary>How many processes descend from it, itself included.</summary>
    public int FamilySize => _family!.Count;

    public int LineCount => _both.Count;

    public int OpenFiles => Directory.GetFiles($"/proc/{Id}/fd").Length;

    /// <summary>The test wants an error with these words, any number of times but never none.</summary>
    public void Expect(string words) => _expected.Add(words);

    /// <summary>What the test does may cause errors with these words, or none.</summary>
    public void Allow(string words) => _allowed.Add(words);

    public void Terminate()
    {
        IsToldToEnd = true;
        Signal(15);
    }

    public void HangUp() => Signal(1);

    public void Signal(int signal) => Assert.Equal(0, Kill(Id, signal));

    public void Crash()
    {
        IsToldToEnd = true;
        _process.Kill();
    }

    public async Task<int> ExitAsync(TimeSpan bound)
    {
        IsToldToEnd = true;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(bound);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"the process has not ended within {bound}; it printed:\n{Log}");
        }

        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        // Longer than the process itself lives what has inherited its output.
        if (_family is not null) await Task.WhenAny(_process.WaitForExitAsync(), Task.Delay(TimeSpan.FromSeconds(5)));
        if (_family is not null) await _family.TellOfSurvivorsAsync();
        await _process.WaitForExitAsync();
        TestContext.Current.TestOutputHelper?.WriteLine($"process {Id} ended with {_process.ExitCode} and printed:\n{Log}");
        if (_family is not null) TellOfErrors();
        _process.Dispose();
    }

    private void TellOfErrors()
    {
        List<string> errors = [.. ErrorOutput.In(Output), .. ErrorOutput.In(Errors)];
        foreach (var words in _expected.Where(words => !errors.Exists(error => error.Contains(words, StringComparison.Ordinal))))
            Findings.Tell($"the server printed no error with '{words}', which the test wants");
        var unexpected = errors.Where(error => !_expected.Concat(_allowed).Any(words => error.Contains(words, StringComparison.Ordinal))).ToList();
        if (unexpected.Count > 0) Findings.Tell($"the server printed {unexpected.Count} errors:\n{string.Join('\n', unexpected.Take(20))}");
    }

    private static bool IsSetting(string name) =>
        name.StartsWith("ASPNETCORE_", StringComparison.OrdinalIgnoreCase) ||
        name.StartsWith("SocketSync", StringComparison.OrdinalIgnoreCase) ||
        name.StartsWith("Kestrel", StringComparison.OrdinalIgnoreCase);

    private void Keep(string? line, ConcurrentQueue<string> lines)
    {
        if (line is null) return;
        lines.Enqueue(line);
        _both.Enqueue(line);
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);
}
