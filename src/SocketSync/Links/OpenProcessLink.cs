using System.Diagnostics;
using System.Globalization;
using System.IO.Pipelines;

namespace SocketSync;

/// <summary>A child that runs.</summary>
internal sealed class OpenProcessLink : IOpenLink
{
    /// <summary>From its death until its last words are read; only a descendant that got away makes it wait so long.</summary>
    private static readonly TimeSpan LastWords = TimeSpan.FromMilliseconds(250);

    /// <summary>From the end of its stdout until its death, which usually follows at once.</summary>
    private static readonly TimeSpan Death = TimeSpan.FromSeconds(1);

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
        // The streams of a process are not closed with it.
        await CloseStdinAsync();
        await _stdout.DisposeAsync();
        _tree.Dispose();
    }

    // Its exit counts, not the end of its stdout, which a grandchild may hold open.
    private async Task WatchAsync(string description)
    {
        var exit = _tree.Child.WaitForExitAsync();
        if (await Task.WhenAny(exit, _input.Left) != exit && !await IsOverAsync(exit, Death))
        {
            await _input.CompleteAsync(new LinkException($"{description}: closed its stdout"));
            await exit;
        }

        await exit;
        await Task.Run(_tree.End); // Its descendants are no use without it.
        _errors.End();
        await IsOverAsync(_input.Left, LastWords);
        var code = _tree.Child.ExitCode;
        await _input.CompleteAsync(code == 0 && _output.IsEnded ? null : new LinkException($"{description}: ended with {Words(code)}"));
    }

    private static async Task<bool> IsOverAsync(Task task, TimeSpan timeout)
    {
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
