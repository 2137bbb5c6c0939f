using System.ComponentModel;
using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>A program that speaks the protocol on its stdin and stdout. Started without a shell.</summary>
internal sealed class ProcessLink(ProcessLinkOptions options, ILogger logger, TimeProvider time) : ILink
{
    public string Description { get; } = $"process {Path.GetFileName(options.FileName)}";

    public bool IsDrained => false;

    public TimeSpan Turnaround => TimeSpan.Zero;

    public TimeSpan Probation { get; } = TimeSpan.FromSeconds(1);

    // Not here: starting a process takes milliseconds, and this may be the thread that moves everyone's bytes.
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
