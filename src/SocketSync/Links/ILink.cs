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

    /// <summary>Opens it. May be cancelled at any time, and then leaves nothing open.</summary>
    /// <exception cref="LinkException">The device is not there; the message is one line for people.</exception>
    ValueTask<IOpenLink> OpenAsync(CancellationToken cancellationToken);
}

/// <summary>A link that is open. Disposing of it closes it; nothing that was written and not sent is sent afterwards.</summary>
internal interface IOpenLink : IAsyncDisposable
{
    /// <summary>What the device sends. Completes when the device has closed its end, with an exception when the link is lost.</summary>
    PipeReader Input { get; }

    /// <summary>What is sent to the device. Completing it passes the end of the stream on, where the kind of link can.</summary>
    PipeWriter Output { get; }
}

/// <summary>A device is not there.</summary>
internal sealed class LinkException(string message, Exception? innerException = null) : Exception(message, innerException);
