using System.IO.Pipelines;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>The way to a device, and how to open it. Its users do not know which kind it is.</summary>
internal interface ILink
{
    /// <summary>For logs and the status, such as <c>tcp 192.0.2.10:502</c>.</summary>
    string Description { get; }

    /// <summary>
    /// Late bytes survive closing and reopening it, as on a serial line. Where a late reply does not tell which unit it is from, the
    /// line is purged after a timeout until it is silent; other links are reopened.
    /// </summary>
    bool KeepsLateBytes { get; }

    /// <summary>The silence that tells two frames apart on the line, Modbus RTU's t3.5; zero for most.</summary>
    TimeSpan FrameGap { get; }

    /// <summary>
    /// Where opening the link does not show that somebody is there: how long it must stay open to show it. Zero where a
    /// connection is proof.
    /// </summary>
    TimeSpan Probation => TimeSpan.Zero;

    /// <summary>
    /// Where a request is one datagram and a reply another: what one of them can hold at most. Each flush then sends one, and each
    /// read brings one. <see langword="null"/> for a stream of bytes.
    /// </summary>
    int? DatagramBytes => null;

    /// <summary>Opens it. May be cancelled at any time, and then leaves nothing open; it has no timeout of its own.</summary>
    /// <exception cref="LinkException">The device is not there; the message is one line for people.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    ValueTask<IOpenLink> OpenAsync(CancellationToken cancellationToken);
}

/// <summary>
/// A link that is open. Disposing it closes it, also while a read or a flush is pending; what was written and not sent yet is
/// not sent afterwards.
/// </summary>
internal interface IOpenLink : IAsyncDisposable
{
    /// <summary>
    /// What the device sends, read ahead: <see cref="PipeReader.TryRead"/> tells what came unasked. Completes when the device has
    /// closed its end, with an exception when the link is lost. A pending read continues on the thread that brought the bytes.
    /// </summary>
    PipeReader Input { get; }

    /// <summary>
    /// What is sent to the device. A flush is over when the system has taken the bytes, on a serial line when they are sent. If
    /// the link is lost, it returns as completed; it throws only if it was cancelled. After a flush that was cancelled or
    /// given up, the link can only be closed. Completing the output passes the end of the stream on, if this kind of link can,
    /// and leaves <see cref="Input"/> open.
    /// </summary>
    PipeWriter Output { get; }

    /// <summary>
    /// Whether the device has ended the link, as far as can be told without reading. <see cref="Input"/> may say so a moment
    /// later, which would be too late for a request that is about to be written.
    /// </summary>
    bool IsEnded => false;

    /// <summary>Reads what has come by now, where that can be done on this thread without waiting; elsewhere it is read a moment later.</summary>
    /// <returns>Whether <see cref="Input"/> now knows all, also that the device has ended the link.</returns>
    bool TryReadAhead() => false;

    /// <summary>The serial line of this machine that the link is; <see langword="null"/> for other kinds.</summary>
    SerialTerminal? Line => null;

    /// <summary>The same link, of which watchers see what passes. To be used in its place from now on.</summary>
    IOpenLink Watched(DeviceWatch watch) => new WatchedLink(this, watch);

    /// <summary>Something was written that the system has not taken whole: the link must be closed, and never used again.</summary>
    bool HasUnfinishedWrite => Output is LinkOutput { IsUnfinished: true };
}

/// <summary>Makes the kind of link that the configuration describes.</summary>
internal static class LinkFactory
{
    /// <summary>Makes a link; it is not opened yet.</summary>
    /// <param name="options">Exactly one of the kinds is given.</param>
    /// <param name="framesEndBySilence">The device tells frames apart by the silence between them, as Modbus RTU does.</param>
    /// <param name="loggers">Where the messages of a process go.</param>
    /// <param name="time">Limits how many messages a process may log.</param>
    /// <param name="term">This node's right to use the device, if several nodes share it.</param>
    /// <exception cref="ArgumentException">None of the kinds is given.</exception>
    public static ILink Create(LinkOptions options, bool framesEndBySilence, ILoggerFactory loggers, TimeProvider time, Term? term = null) => options switch
    {
        { Tcp: { } tcp } => new TcpLink(tcp, term?.Lease),
        { Serial: { } serial } => new SerialLink(serial, framesEndBySilence, options.Rs485),
        { Process: { } process } => new ProcessLink(process, loggers.CreateLogger<ProcessLink>(), time),
        { Udp: { } udp } => new UdpLink(udp),
        { Rfc2217: { } line } => new Rfc2217Link(line, framesEndBySilence, term?.Lease),
        _ => throw new ArgumentException("A link is one of Tcp, Serial, Process, Udp and Rfc2217.", nameof(options)),
    };
}

/// <summary>A device is not there, or no longer. The message is one line that names the link.</summary>
internal sealed class LinkException(string message, Exception? innerException = null) : IOException(message, innerException)
{
    /// <param name="link">The link's <see cref="ILink.Description"/>.</param>
    /// <param name="exception">What happened to it.</param>
    public static LinkException Of(string link, Exception exception) =>
        exception as LinkException ?? new($"{link}: {LinkErrorText.Of(exception)}", exception);

    /// <summary>
    /// Whether an exception means that a link is lost. That the system has given a connection up, since the other end is silent, comes as
    /// it is (ETIMEDOUT); resets come as an <see cref="IOException"/>.
    /// </summary>
    public static bool IsLoss(Exception exception) =>
        exception is IOException or SocketException or OperationCanceledException or ObjectDisposedException;
}

/// <summary>What the system says of a link, in the words of an operator.</summary>
internal static class LinkErrorText
{
    public static string Of(Exception exception) => OnOneLine(exception switch
    {
        SocketException e => Of(e),
        AuthenticationException e => $"TLS: {OnOneLine((e.InnerException ?? e).Message)}",
        IOException { InnerException: SocketException e } => Of(e),
        // System.IO.Ports says "access denied" of every port that it cannot open; the inner exception has the cause.
        UnauthorizedAccessException { InnerException: { } e } => e.Message,
        _ => exception.Message,
    });

    private static string Of(SocketException exception) => exception.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => "connection refused",
        SocketError.ConnectionReset => "connection reset by the device",
        SocketError.TimedOut => "no answer",
        SocketError.HostUnreachable => "no route to the host",
        SocketError.NetworkUnreachable => "the network cannot be reached",
        SocketError.HostNotFound or SocketError.NoData => "no such host",
        SocketError.TryAgain => "the host's name cannot be looked up at the moment",
        _ => exception.Message,
    };

    private static string OnOneLine(string text)
    {
        var line = text.ReplaceLineEndings(" ").TrimEnd('.', ' ');
        return line is [var first, var second, ..] && char.IsUpper(first) && char.IsLower(second)
            ? char.ToLowerInvariant(first) + line[1..]
            : line;
    }
}
