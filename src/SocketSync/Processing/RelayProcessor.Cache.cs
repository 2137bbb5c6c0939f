using System.Buffers;

namespace SocketSync;

/// <summary>What a relay tells the cache of its resource, and takes from it, during a turn.</summary>
internal sealed partial class RelayProcessor
{
    /// <inheritdoc/>
    public ReadCache? Cache { get; }

    /// <summary>
    /// Throws away what the request may change. To be called before anything of it is written, and before the guard is set: when a
    /// client is told that its turn is over, its write is either thrown for or never written.
    /// </summary>
    private void ForgetReads(ILinkProtocol protocol, in ReadOnlySequence<byte> request)
    {
        if (Cache is { IsOn: true } cache && protocol.ReadKeyOf(request) is null)
            cache.Forget(protocol.UnitOf(request));
    }

    private void KeepReply(ILinkProtocol protocol, RequestContext context, in ReadOnlySequence<byte> reply)
    {
        if (Cache is { IsOn: true } cache && context.InTurn is (var gate, _)
            && protocol.ReadKeyOf(context.Request) is { } key && !protocol.IsException(reply))
            cache.Keep(new KeptReply(key, reply.ToArray(), _writeBeganAt), gate);
    }

    /// <summary>The device is away: answers a read by what it last said, if that is not too old.</summary>
    private void StandIn(ILinkProtocol protocol, RequestContext context)
    {
        if (Cache is not { IsOn: true } cache || protocol.ReadKeyOf(context.Request) is not { } key || cache.FindStale(key) is not { } frame)
            return;
        protocol.WriteReply(context.Request, new(frame), context.Reply);
        context.Outcome = Outcome.Cached;
    }
}
