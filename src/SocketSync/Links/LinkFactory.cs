using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>The kinds of link by what the configuration gives.</summary>
internal static class LinkFactory
{
    /// <summary>Makes the link that <paramref name="options"/> describe; it opens nothing yet.</summary>
    /// <param name="options">Exactly one of the kinds is given.</param>
    /// <param name="framesEndBySilence">The device tells frames apart by the silence between them, as Modbus RTU does.</param>
    /// <param name="loggers">Where the messages of a process go.</param>
    /// <param name="time">Bounds how many messages a process may log.</param>
    /// <exception cref="ArgumentException">None of the kinds is given.</exception>
    public static ILink Create(LinkOptions options, bool framesEndBySilence, ILoggerFactory loggers, TimeProvider time) => options switch
    {
        { Tcp: { } tcp } => new TcpLink(tcp),
        { Serial: { } serial } => new SerialLink(serial, framesEndBySilence),
        { Process: { } process } => new ProcessLink(process, loggers.CreateLogger<ProcessLink>(), time),
        _ => throw new ArgumentException("A link is one of Tcp, Serial and Process.", nameof(options)),
    };
}
