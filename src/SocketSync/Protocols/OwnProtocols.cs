using System.Buffers;
using Microsoft.Extensions.DependencyInjection;

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
    public IReadOnlyList<ProtocolDefinition> Define(IServiceProvider services) => [.. _added.Select(own => Define(own.Name, options => own.Create(services, options)))];

    /// <remarks>Replies of a device are taken to be framed as requests are.</remarks>
    private static ProtocolDefinition Define(string name, Func<ProtocolOptions, IProtocol> create)
    {
        return new ProtocolDefinition(name, ErrorReply.Closing) { Create = Make, CreateLink = FramedLinkProtocol.By(Make) };

        BoundedProtocol Make(ProtocolOptions options) => new(name, create(options), options.MaxRequestBytes);
    }
}

/// <summary>Holds a protocol that others have written to what <see cref="IProtocol"/> demands: no request is larger than allowed.</summary>
internal sealed class BoundedProtocol(string name, IProtocol inner, int maxRequestBytes) : IProtocol
{
    /// <exception cref="InvalidOperationException">The protocol has found a request that has not come yet, or an empty one.</exception>
    public FrameResult FindRequest(in ReadOnlySequence<byte> buffer, long searched)
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

    public bool TryWriteError(Outcome outcome, in ReadOnlySequence<byte> request, IBufferWriter<byte> output) =>
        inner.TryWriteError(outcome, request, output);
}
