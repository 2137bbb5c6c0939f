using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.IO.Pipelines;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>A program that speaks the protocol on its stdin and stdout. It is started without a shell.</summary>
internal sealed class ProcessLink(ProcessLinkOptions options, ILogger logger, TimeProvider time) : ILink
{
    public string Description { get; } = $"process {Path.GetFileName(options.FileName)}";

    public bool KeepsLateBytes => false;

    public TimeSpan FrameGap => TimeSpan.Zero;

    public TimeSpan Probation { get; } = TimeSpan.FromSeconds(1);

    // On another thread: starting a process takes milliseconds, and this may be the thread that moves everyone's bytes.
    public ValueTask<IOpenLink> OpenAsync(CancellationToken cancellationToken) => new(Task.Run(Open, cancellationToken));

    private IOpenLink Open()
    {
        var start = Describe();
        ProcessTree? tree = null;
        try
        {
            tree = ProcessTree.Start(start);
            return new OpenProcessLink(tree, Description, new(Description, logger, time));
        }
        catch (Exception e) when (e is Win32Exception or IOException or UnauthorizedAccessException)
        {
            tree?.Dispose();
            throw LinkException.Of(Description, e);
        }
    }

    private ProcessStartInfo Describe()
    {
        if (options.WorkingDirectory is { } directory && !Directory.Exists(directory))
            throw new LinkException($"{Description}: there is no directory {directory} to start it in");
        var file = ProgramFile.Find(options.FileName, options.WorkingDirectory)
            ?? throw new LinkException($"{Description}: there is no program {options.FileName}");
        if (!ProgramFile.IsExecutable(file)) throw new LinkException($"{Description}: {file} must be executable");

        var start = ProcessTree.Describe(file, options.Arguments);
        start.UseShellExecute = false;
        start.WorkingDirectory = options.WorkingDirectory ?? "";
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        foreach (var (name, value) in options.Environment) start.Environment[name] = value;
        return start;
    }
}

/// <summary>A child process that runs.</summary>
internal sealed class OpenProcessLink : IOpenLink
{
    /// <summary>From its death until its last output is read. Only a descendant that got away makes it take so long.</summary>
    private static readonly TimeSpan LastOutputTimeout = TimeSpan.FromMilliseconds(250);

    /// <summary>From the end of its stdout until its death. Usually that takes no time.</summary>
    private static readonly TimeSpan DeathTimeout = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(5);

    private readonly ProcessTree _tree;
    private readonly Stream _stdin;
    private readonly Stream _stdout;
    private readonly StreamInput _input;
    private readonly LinkOutput _output;
    private readonly ProcessErrorLog _errors;
    private readonly Task _watch;

    public OpenProcessLink(ProcessTree tree, string description, ProcessErrorLog errors)
    {
        _tree = tree;
        _stdin = tree.Child.StandardInput.BaseStream;
        _stdout = tree.Child.StandardOutput.BaseStream;
        _input = new(_stdout);
        _output = new(PipeWriter.Create(_stdin, new StreamPipeWriterOptions(leaveOpen: true)), _stdin.DisposeAsync);
        _errors = errors;
        _errors.Follow(tree.Child.StandardError.BaseStream);
        _watch = WatchAsync(description);
    }

    public PipeReader Input => _input.Reader;

    public PipeWriter Output => _output;

    public async ValueTask DisposeAsync()
    {
        await Task.Run(_tree.End);
        await _input.CompleteAsync(null);
        await _watch.WaitAsync(EndTimeout).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _errors.End();
        // Disposing a process does not close its streams.
        await CloseStdinAsync();
        await _stdout.DisposeAsync();
        _tree.Dispose();
    }

    // Its exit counts, not the end of its stdout, which a grandchild may hold open.
    private async Task WatchAsync(string description)
    {
        var exit = _tree.Child.WaitForExitAsync();
        if (await Task.WhenAny(exit, _input.Left) != exit && !await IsOverAsync(exit, DeathTimeout))
        {
            await _input.CompleteAsync(new LinkException($"{description}: closed its stdout"));
            await exit;
        }

        await exit;
        await Task.Run(_tree.End); // its descendants are of no use without it
        _errors.End();
        await IsOverAsync(_input.Left, LastOutputTimeout);
        var code = _tree.Child.ExitCode;
        await _input.CompleteAsync(code == 0 && _output.IsEnded ? null : new LinkException($"{description}: ended with {Words(code)}"));
    }

    private static async Task<bool> IsOverAsync(Task task, TimeSpan timeout)
    {
        task.Forget();
        await task.WaitAsync(timeout).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return task.IsCompleted;
    }

    private async ValueTask CloseStdinAsync()
    {
        try
        {
            await _stdin.DisposeAsync();
        }
        catch (IOException)
        {
            // Nobody reads it any more.
        }
    }

    // The runtime adds 128 to the signal that killed a child, as shells do.
    private static string Words(int code) => code > 128 && !OperatingSystem.IsWindows()
        ? string.Create(CultureInfo.InvariantCulture, $"exit code {code} (signal {code - 128})")
        : string.Create(CultureInfo.InvariantCulture, $"exit code {code}");
}
