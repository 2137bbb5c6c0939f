using System.Buffers;
using System.Runtime.CompilerServices;

namespace SocketSync;

/// <summary>The requests of a resource that has a cache: some are answered without a turn.</summary>
internal sealed partial class SharedResource
{
    private ReadCache? _cache;

    /// <summary>The replies that are kept, if the resource's device speaks Modbus.</summary>
    public ReadCache? Cache => _cache;

    /// <remarks>An answer at once passes by the gate: it is given whoever has the turn, and while the gate is paused.</remarks>
    private ValueTask<Outcome> ServeAsync(IResourceClient client, ReadCache cache, long? arrivedAt)
    {
        if (cache.Arrive(client.Turn, client.Request, out var reply) is { } ticket)
            return ServeAsync(client, cache, ticket, arrivedAt);
        Answer(client, reply);
        return AtOnce(client, Outcome.Cached);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Outcome> ServeAsync(IResourceClient client, ReadCache cache, CacheTicket ticket, long? arrivedAt)
    {
        Outcome outcome;
        CachedReply reply;
        try
        {
            var serving = EnterAsync(client, arrivedAt);
            if (!serving.IsCompleted)
                cache.Join(ticket, Gate);
            outcome = await serving;
        }
        finally
        {
            reply = cache.Leave(ticket);
        }

        if (outcome == Outcome.Cached && reply.Frame is not null)
            Answer(client, reply);
        return outcome;
    }

    private void Answer(IResourceClient client, CachedReply reply)
    {
        var output = new ArrayBufferWriter<byte>(RoomForReply);
        reply.Write(client.Request, output);
        client.Reply = new(output.WrittenMemory);
        Telemetry.AnsweredWithoutTurn(client.Turn.Client, client.Request, new(output.WrittenMemory));
    }

    /// <summary>Most replies are smaller; larger ones are made room for.</summary>
    private const int RoomForReply = 64;
}
