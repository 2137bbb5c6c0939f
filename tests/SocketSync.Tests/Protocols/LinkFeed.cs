using System.Buffers;

namespace SocketSync.Tests;

/// <summary>What a device's bytes came to: the reply, if it was complete, and how much was discarded before it.</summary>
internal sealed record Reply(ReplyStatus End, string Bytes, long Discarded)
{
    public static Reply Complete(byte[] bytes, long discarded = 0) => new(ReplyStatus.Complete, Convert.ToHexString(bytes), discarded);

    public static Reply None(ReplyStatus end, long discarded = 0) => new(end, "", discarded);
}

/// <summary>Writes one request and gives a device's bytes to the protocol the way a relay does, and checks what holds for every answer.</summary>
internal sealed class LinkFeed
{
    // What may be noise before a small reply is waited for, even where only smaller ones are allowed.
    private const int LongestRtuFrame = 256;

    private readonly ILinkProtocol _protocol;
    private readonly ReadOnlySequence<byte> _request;
    private readonly int _maxReplyBytes;

    public LinkFeed(ILinkProtocol protocol, byte[] request, int maxReplyBytes = 1048576)
    {
        (_protocol, _maxReplyBytes) = (protocol, maxReplyBytes);
        _request = Segments.Of(request, request.Length / 2);
        var written = new ArrayBufferWriter<byte>();
        protocol.WriteRequest(_request, written);
        Written = written.WrittenSpan.ToArray();
    }

    public byte[] Written { get; }

    public bool ExpectsReply => _protocol.ExpectsReply(_request);

    public bool IsRead => _protocol.IsRead(_request);

    /// <summary>The device sends all at once and then nothing.</summary>
    public Reply Whole(byte[] sent) => Run(sent, [], []);

    /// <param name="sent">All that the device sends before it falls silent.</param>
    /// <param name="arrivals">Ascending positions up to which it has come when the protocol is asked.</param>
    /// <param name="cuts">Ascending positions at which the buffer is divided into segments.</param>
    /// <param name="pauses">Whether the device falls silent after each arrival, and not only at the end.</param>
    public Reply Run(byte[] sent, int[] arrivals, int[] cuts, bool pauses = false)
    {
        var all = Segments.Of(sent, cuts);
        long discarded = 0;
        long searched = 0;
        foreach (var arrived in arrivals.Append(sent.Length))
        {
            var isSilent = false;
            while (arrived > discarded)
            {
                var buffer = all.Slice(discarded, arrived - discarded);
                var found = Ask(buffer, searched, isSilent);
                if (found.Status == ReplyStatus.Complete)
                    return Reply.Complete(buffer.Slice(0, found.Length).ToArray(), discarded);
                if (found.Status == ReplyStatus.Lost)
                    return Reply.None(ReplyStatus.Lost, discarded);

                searched = found.Status == ReplyStatus.Foreign ? 0 : buffer.Length;
                if (found.Status == ReplyStatus.Foreign) discarded += found.Length;
                else if (found.Status == ReplyStatus.EndsBySilence && !isSilent && (pauses || arrived == sent.Length)) isSilent = true;
                else break;
            }
        }

        return Reply.None(ReplyStatus.Incomplete, discarded);
    }

    /// <summary>However the bytes are divided and with whatever pauses, the same comes out.</summary>
    public void AssertEveryWay(Reply expected, byte[] sent)
    {
        Assert.Equal(expected, Whole(sent));
        int[] each = [.. Enumerable.Range(1, Math.Max(0, sent.Length - 1))];
        Assert.Equal(expected, Run(sent, each, each));
        for (var cut = 0; cut <= sent.Length; cut++)
        {
            Assert.Equal(expected, Run(sent, [], [cut]));
            Assert.Equal(expected, Run(sent, [cut], []));
            Assert.Equal(expected, Run(sent, [cut], [cut]));
        }
    }

    /// <summary>What the client gets for a reply.</summary>
    public byte[] Translate(byte[] reply)
    {
        var client = new ArrayBufferWriter<byte>();
        _protocol.WriteReply(_request, Segments.Of(reply, reply.Length / 2), client);
        return client.WrittenSpan.ToArray();
    }

    private ReplyResult Ask(in ReadOnlySequence<byte> buffer, long searched, bool isSilent)
    {
        var found = _protocol.FindReply(_request, buffer, searched, isSilent);
        var sound = found.Status switch
        {
            ReplyStatus.Complete => found.Length >= 1 && found.Length <= Math.Min(buffer.Length, _maxReplyBytes),
            ReplyStatus.Foreign => found.Length >= 1 && found.Length <= buffer.Length,
            ReplyStatus.EndsBySilence => found.Length == 0 && !isSilent && buffer.Length <= Math.Max(_maxReplyBytes, LongestRtuFrame),
            _ => found.Length == 0,
        };
        if (!sound) Assert.Fail($"{found} for {buffer.Length} bytes, silent {isSilent}, where {_maxReplyBytes} are allowed.");
        return found;
    }
}
