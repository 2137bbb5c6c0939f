using System.Buffers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>The languages that a host adds to the built-in ones.</summary>
internal sealed class OwnProtocols
{
    private readonly List<(string Name, Func<IServiceProvider, ProtocolOptions, IProtocol> Create)> _added = [];

    /// <exception cref="ArgumentException">The name is taken.</exception>
    public void Add<T>(string name)
        where T : class, IProtocol
    {
        if (ProtocolCatalog.Find(name) is not null || _added.Exists(own => own.Name.Equals(name, StringComparison.OrdinalIgnoreCase)))
            throw new ArgumentException($"There is a protocol named '{name}' already.", nameof(name));
        var takesOptions = Array.Exists(
            typeof(T).GetConstructors(), constructor => Array.Exists(constructor.GetParameters(), parameter => parameter.ParameterType == typeof(ProtocolOptions)));
        _added.Add((name, (services, options) => takesOptions ? ActivatorUtilities.CreateInstance<T>(services, options) : ActivatorUtilities.CreateInstance<T>(services)));
    }

    /// <summary>What the rest of the program has to know of them.</summary>
    public IReadOnlyList<ProtocolDefinition> Define(IServiceProvider services) => [.. _added.Select(own => Define(own.Name, options => own.Create(services, options), services))];

    /// <remarks>Replies of a device are taken to be framed as requests are.</remarks>
    private static ProtocolDefinition Define(string name, Func<ProtocolOptions, IProtocol> create, IServiceProvider services)
    {
        var failures = new ProtocolFailures(name, services.GetService<ILogger<ProtocolFailures>>());

        return new ProtocolDefinition(name, ErrorReply.Closing) { Create = Make, CreateLink = FramedLinkProtocol.By(Make) };

        BoundedProtocol Make(ProtocolOptions options) => new(name, create(options), options.MaxRequestBytes, failures);
    }
}

/// <summary>
/// Holds a protocol that others have written to what <see cref="IProtocol"/> demands: no request is larger than allowed, and none is
/// found that has not come. What it throws ends neither the server nor a log: what it was asked is malformed.
/// </summary>
internal sealed class BoundedProtocol(string name, IProtocol inner, int maxRequestBytes, ProtocolFailures failures) : IProtocol
{
    public FrameResult FindRequest(in ReadOnlySequence<byte> buffer, long searched)
    {
        try
        {
            var found = inner.FindRequest(buffer, searched);
            if (found.Status == FrameStatus.Complete)
            {
                if (found.Length < 1 || found.Length > buffer.Length)
                    throw new InvalidOperationException($"Protocol {name} has found a request of {found.Length} bytes where there are {buffer.Length}.");
                return found.Length <= maxRequestBytes ? found : FrameResult.TooLarge;
            }

            return found.Status == FrameStatus.Incomplete && buffer.Length >= maxRequestBytes ? FrameResult.TooLarge : found;
        }
        catch (Exception exception)
        {
            failures.Tell(exception);
            return FrameResult.Malformed;
        }
    }

    public bool TryWriteError(Outcome outcome, in ReadOnlySequence<byte> request, IBufferWriter<byte> output)
    {
        try
        {
            return inner.TryWriteError(outcome, request, output);
        }
        catch (Exception exception)
        {
            failures.Tell(exception);
            return false;
        }
    }
}

/// <summary>Logs what a protocol of the host's own throws, not more often than somebody can read: clients can cause it at will.</summary>
internal sealed partial class ProtocolFailures(string protocol, ILogger<ProtocolFailures>? logger)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private long _quietUntil = long.MinValue;

    public void Tell(Exception exception)
    {
        var until = Volatile.Read(ref _quietUntil);
        var now = Environment.TickCount64;
        if (logger is null || now < until || Interlocked.CompareExchange(ref _quietUntil, now + (long)Pause.TotalMilliseconds, until) != until)
            return;
        LogFailed(logger, protocol, exception);
    }

    [LoggerMessage(106, LogLevel.Error, "Protocol {Protocol} has thrown, and what it was asked counts as malformed; told once in 10 s")]
    private static partial void LogFailed(ILogger logger, string protocol, Exception exception);
}
