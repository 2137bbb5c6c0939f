using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;

namespace SocketSync;

/// <summary>What the simulator prints: a line for each connection and each request, with the time.</summary>
internal sealed class SimulatorLog(TextWriter output, TimeProvider time)
{
    private readonly Lock _lock = new();
    private int _requests;

    public void Tell(string words)
    {
        lock (_lock) output.WriteLine($"{time.GetLocalNow().ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture)} {words}");
    }

    public void TellRequest(in SimulatedReply reply, Misbehaviour? wrong)
    {
        var note = wrong is { } misbehaviour ? $" ({SimulatedManners.NameOf(misbehaviour)}, as --misbehave says)" : "";
        Tell($"request {++_requests}: {reply.Asked} -> {reply.Told}{note}");
    }
}

/// <summary>One client of a simulated device: its requests are answered in order, each when the one before it has been.</summary>
/// <param name="device">Answers.</param>
/// <param name="manners">How long it takes, and what goes wrong.</param>
/// <param name="log">Is told of each request, before its reply is sent.</param>
/// <param name="time">Measures the delays.</param>
internal sealed class SimulatedSession(ISimulatedDevice device, SimulatedManners manners, SimulatorLog log, TimeProvider time)
{
    /// <summary>
    /// On a line whose frames end by silence: much longer than any silence within a frame, also through a network, and much shorter
    /// than a client waits before it tries again.
    /// </summary>
    private static readonly TimeSpan SilenceAfterNoise = TimeSpan.FromMilliseconds(200);

    /// <summary>Serves until the client has ended its stream, or the device hangs up.</summary>
    /// <param name="input">What the client sends.</param>
    /// <param name="output">Where the replies go.</param>
    /// <param name="isConnection">Whether there is something to hang up: a line stays, and its device is silent instead.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="OperationCanceledException">It is to end at once: the client has left for another connection, or the simulator stops.</exception>
    public async Task RunAsync(PipeReader input, PipeWriter output, bool isConnection, CancellationToken cancellationToken)
    {
        var frames = new FrameReader(input, device.Protocol);
        using var cancelling = cancellationToken.UnsafeRegister(static input => ((PipeReader)input!).CancelPendingRead(), input);
        while (true)
        {
            switch (frames.Find())
            {
                case FrameStatus.Complete:
                    if (manners.Echoes) await output.WriteAsync(frames.Frame.ToArray(), cancellationToken);
                    var reply = device.Answer(frames.Frame);
                    frames.Consume();
                    if (reply.Asked.Length > 0 && !await SendAsync(reply, output, cancellationToken) && isConnection) return;
                    break;
                case FrameStatus.Incomplete when frames.IsCompleted:
                    if (frames.HasUnread) log.Tell($"the stream ended inside a request: {Unread(frames)}");
                    return;
                case FrameStatus.Incomplete:
                    await FillAsync(frames, input, cancellationToken);
                    break;
                default:
                    log.Tell($"no request of this protocol: {Unread(frames)}{(device.FramesEndBySilence ? ", ignored" : ", the connection is closed")}");
                    if (!device.FramesEndBySilence) return;
                    frames.Discard();
                    break;
            }
        }
    }

    private static string Unread(FrameReader frames)
    {
        const int shown = 128;
        return SimulatedReply.Hex(frames.Unread.Slice(0, Math.Min(frames.Unread.Length, shown)).ToArray());
    }

    private async Task FillAsync(FrameReader frames, PipeReader input, CancellationToken cancellationToken)
    {
        var isSilent = false;
        var mayBeNoise = device.FramesEndBySilence && frames.HasUnread;
        var fill = frames.FillAsync().AsTask();
        if (mayBeNoise && await Task.WhenAny(fill, Task.Delay(SilenceAfterNoise, time, cancellationToken)) != fill)
        {
            isSilent = true;
            input.CancelPendingRead();
        }

        var isMore = await fill;
        cancellationToken.ThrowIfCancellationRequested();
        // A cancellation that came too late for one read ends the next, which was not silent.
        if (isMore || !isSilent) return;
        log.Tell($"no whole request: {Unread(frames)}, ignored");
        frames.Discard();
    }

    /// <returns><see langword="false"/>: the device hangs up.</returns>
    private async Task<bool> SendAsync(SimulatedReply reply, PipeWriter output, CancellationToken cancellationToken)
    {
        var wrong = reply.Bytes is null ? null : manners.Next();
        log.TellRequest(reply, wrong);
        if (reply.Bytes is null || wrong is Misbehaviour.Silent) return true;
        if (wrong is Misbehaviour.HangUp) return false;

        var delay = manners.Delay + (wrong is Misbehaviour.Late ? SimulatedManners.LateBy : TimeSpan.Zero);
        if (delay > TimeSpan.Zero) await Task.Delay(delay, time, cancellationToken);
        // Both in one write: the second has come before anybody can ask again.
        byte[] bytes = wrong is Misbehaviour.Twice ? [.. reply.Bytes, .. reply.Bytes] : reply.Bytes;
        var result = await output.WriteAsync(bytes, cancellationToken);
        return !result.IsCompleted;
    }
}
