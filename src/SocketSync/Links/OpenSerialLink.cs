using System.IO.Pipelines;

namespace SocketSync;

/// <summary>A serial line that is open.</summary>
internal sealed class OpenSerialLink : IOpenLink
{
    /// <summary>What a driver may take to close; then it is left to it.</summary>
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(2);

    private readonly SerialTerminal _terminal;
    private readonly BlockingInput _input;
    private readonly Task _watch;

    public OpenSerialLink(SerialTerminal terminal, string description)
    {
        _terminal = terminal;
        _input = new(terminal, description);
        // A line knows no end of a stream.
        Output = new LinkOutput(PipeWriter.Create(terminal, new StreamPipeWriterOptions(leaveOpen: true)), () => ValueTask.CompletedTask);
        _watch = WatchAsync(description);
    }

    public PipeReader Input => _input.Reader;

    public PipeWriter Output { get; }

    public async ValueTask DisposeAsync()
    {
        _terminal.Stop();
        await _input.CompleteAsync(null);
        var closing = Task.Run(async () =>
        {
            await _watch; // The descriptors are polled until then.
            await _terminal.DisposeAsync();
        });
        await closing.WaitAsync(CloseTimeout).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task WatchAsync(string description)
    {
        var error = await _input.Left;
        await _input.CompleteAsync(error is null ? null : LinkException.Of(description, error));
    }
}
