using System.IO.Pipelines;

namespace SocketSync;

/// <summary>The way to a device. Knows how to open it; who uses it knows none of its kinds by name.</summary>
internal interface ILink
{
    /// <summary>For logs and the status, such as <c>tcp 192.0.2.10:502</c>.</summary>
    string Description { get; }

    /// <summary>
    /// Late bytes survive closing and opening it again, as on a serial line: after a timeout it is drained until it is
    /// silent, where others are opened afresh.
    /// </summary>
    bool IsDrained { get; }

    /// <summary>The silence that the line itself wants between two frames; zero for most.</summary>
    TimeSpan Turnaround { get; }

    /// <summary>
    /// How long one that is open must stay so to show that somebody is there, where opening it shows nothing; zero where a
    /// connection is proof.
    /// </summary>
    TimeSpan Probation => TimeSpan.Zero;

    /// <summary>Opens it. May be cancelled at any time, and then leaves nothing open; it has no timeout of its own.</summary>
    /// <exception cref="LinkException">The device is not there; the message is one line for people.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    ValueTask<IOpenLink> OpenAsync(CancellationToken cancellationToken);
}

/// <summary>
/// A link that is open. Disposing of it closes it, also while a read or a flush is pending; nothing that was written and
/// not sent is sent afterwards.
/// </summary>
internal interface IOpenLink : IAsyncDisposable
{
    /// <summary>
    /// What the device sends, read ahead of whoever reads it: <see cref="PipeReader.TryRead"/> tells what came unasked.
    /// Completes when the device has closed its end, with an exception when the link is lost; a pending read goes on
    /// on the thread that brought the bytes.
    /// </summary>
    PipeReader Input { get; }

    /// <summary>
    /// What is sent to the device. A flush is over when the system has taken the bytes, on a serial line when they are
    /// sent, and is completed (it throws nothing but a cancellation) when the link is lost. One that was cancelled or given up
    /// leaves a link that can only be closed. Completing it passes the end of
    /// the stream on, where the kind of link can, and leaves <see cref="Input"/> open.
    /// </summary>
    PipeWriter Output { get; }

    /// <summary>
    /// Whether the device has ended the link, as far as can be told without reading: <see cref="Input"/> may say so only a
    /// moment later, when a request would have been written in vain.
    /// </summary>
    bool IsEnded => false;

    /// <summary>Something was written that the system has not taken whole: the link is to be closed, never used on.</summary>
    bool HasUnfinishedWrite => Output is LinkOutput { IsUnfinished: true };
}

/// <summary>A device is not there, or is there no longer. The message is one line that names the link.</summary>
internal sealed class LinkException(string message, Exception? innerException = null) : IOException(message, innerException)
{
    /// <param name="link">The link's <see cref="ILink.Description"/>.</param>
    /// <param name="exception">What happened to it.</param>
    public static LinkException Of(string link, Exception exception) =>
        exception as LinkException ?? new($"{link}: {LinkWords.Of(exception)}", exception);
}
