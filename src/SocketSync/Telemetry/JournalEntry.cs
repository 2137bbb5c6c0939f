using System.Buffers;
using System.Text.Json;

namespace SocketSync;

internal enum JournalKind
{
    /// <summary>A turn that is over.</summary>
    Served,

    /// <summary>A request that had no turn.</summary>
    Refused,

    /// <summary>A request that was answered by an earlier reply, without a turn.</summary>
    Cached,

    /// <summary>A lease that is over.</summary>
    Held,
}

/// <summary>What one line of the journal tells. Its times are timestamps: they become times of day when it is written.</summary>
/// <param name="Kind">What has happened.</param>
/// <param name="Resource">The resource's name.</param>
/// <param name="Client">Who asked.</param>
/// <param name="Outcome">What came of it; a lease has none.</param>
/// <param name="QueuedAt">When the request asked for its turn.</param>
/// <param name="StartedAt">When it had it; a lease: when it began.</param>
/// <param name="EndedAt">When it was over.</param>
/// <param name="RequestBytes">How many bytes the client sent.</param>
/// <param name="ReplyBytes">How many bytes the processor replied.</param>
/// <param name="Node">The node that owned the resource; <see langword="null"/> for a server that is alone.</param>
/// <param name="Payload">The bytes, if they are kept.</param>
internal readonly record struct JournalEntry(
    JournalKind Kind,
    string Resource,
    Client Client,
    Outcome Outcome,
    long QueuedAt,
    long StartedAt,
    long EndedAt,
    long RequestBytes,
    long ReplyBytes,
    string? Node,
    JournalPayload? Payload);

/// <summary>The bytes of a turn's requests and of its replies, each truncated to <see cref="MaxBytes"/>.</summary>
/// <remarks>Belongs to whoever runs the turn, until the turn is over.</remarks>
internal sealed class JournalPayload
{
    /// <summary>Enough for a frame of any instrument, as in the trace.</summary>
    public const int MaxBytes = 4096;

    private readonly ArrayBufferWriter<byte> _request = new(64);
    private readonly ArrayBufferWriter<byte> _reply = new(64);

    public ReadOnlySpan<byte> Request => _request.WrittenSpan;

    public ReadOnlySpan<byte> Reply => _reply.WrittenSpan;

    public void AddRequest(in ReadOnlySequence<byte> bytes) => Add(_request, bytes);

    public void AddReply(in ReadOnlySequence<byte> bytes) => Add(_reply, bytes);

    private static void Add(ArrayBufferWriter<byte> to, in ReadOnlySequence<byte> bytes)
    {
        foreach (var segment in bytes.Slice(0, Math.Min(bytes.Length, MaxBytes - to.WrittenCount)))
            to.Write(segment.Span);
    }
}

/// <summary>Writes entries as lines of JSON, with the names of <c>/api/events</c>.</summary>
internal sealed class JournalJson(TimeProvider time) : IDisposable
{
    private static readonly JsonEncodedText Kind = JsonEncodedText.Encode("kind");
    private static readonly JsonEncodedText Resource = JsonEncodedText.Encode("resource");
    private static readonly JsonEncodedText Listener = JsonEncodedText.Encode("listener");
    private static readonly JsonEncodedText ConnectionId = JsonEncodedText.Encode("connectionId");
    private static readonly JsonEncodedText RemoteEndPoint = JsonEncodedText.Encode("remoteEndPoint");
    private static readonly JsonEncodedText QueuedAt = JsonEncodedText.Encode("queuedAt");
    private static readonly JsonEncodedText StartedAt = JsonEncodedText.Encode("startedAt");
    private static readonly JsonEncodedText EndedAt = JsonEncodedText.Encode("endedAt");
    private static readonly JsonEncodedText Outcome = JsonEncodedText.Encode("outcome");
    private static readonly JsonEncodedText RequestBytes = JsonEncodedText.Encode("requestBytes");
    private static readonly JsonEncodedText ReplyBytes = JsonEncodedText.Encode("replyBytes");
    private static readonly JsonEncodedText Node = JsonEncodedText.Encode("node");
    private static readonly JsonEncodedText Request = JsonEncodedText.Encode("request");
    private static readonly JsonEncodedText Reply = JsonEncodedText.Encode("reply");
    private static readonly JsonEncodedText Lost = JsonEncodedText.Encode("lost");

    private static readonly JsonEncodedText[] Kinds =
        [.. new[] { "turn", "refusal", "cached", "lease" }.Select(kind => JsonEncodedText.Encode(kind))];

    private readonly Utf8JsonWriter _json = new(Stream.Null, new JsonWriterOptions { SkipValidation = true });
    private DateTimeOffset _now;
    private long _timestamp;

    /// <summary>Reads both clocks, once for all lines of a batch: their intervals are exact.</summary>
    public void BeginBatch() => (_now, _timestamp) = (time.GetUtcNow(), time.GetTimestamp());

    public void Write(in JournalEntry entry, IBufferWriter<byte> lines)
    {
        var remote = entry.Client.RemoteText; // first: it may be a host's own code that throws, and half a line must not stay
        _json.Reset(lines);
        _json.WriteStartObject();
        _json.WriteString(Kind, Kinds[(int)entry.Kind]);
        _json.WriteString(Resource, entry.Resource);
        _json.WriteString(Listener, entry.Client.Listener);
        _json.WriteString(ConnectionId, entry.Client.Id);
        _json.WriteString(RemoteEndPoint, remote);
        if (entry.Kind != JournalKind.Held)
            _json.WriteString(QueuedAt, At(entry.QueuedAt));
        _json.WriteString(StartedAt, At(entry.StartedAt));
        _json.WriteString(EndedAt, At(entry.EndedAt));
        if (entry.Kind != JournalKind.Held)
            WriteRequest(entry);
        if (entry.Node is { } node)
            _json.WriteString(Node, node);
        End(lines);
    }

    /// <summary>Tells that lines are missing here.</summary>
    public void WriteLost(long count, IBufferWriter<byte> lines)
    {
        _json.Reset(lines);
        _json.WriteStartObject();
        _json.WriteString(Kind, Lost);
        _json.WriteString(EndedAt, time.GetUtcNow());
        _json.WriteNumber(Lost, count);
        End(lines);
    }

    /// <summary>A timestamp as a time of day.</summary>
    public DateTimeOffset At(long then) => _now - time.GetElapsedTime(then, _timestamp);

    public void Dispose() => _json.Dispose();

    private void WriteRequest(in JournalEntry entry)
    {
        _json.WriteString(Outcome, entry.Outcome.Code());
        _json.WriteNumber(RequestBytes, entry.RequestBytes);
        _json.WriteNumber(ReplyBytes, entry.ReplyBytes);
        if (entry.Payload is not { } payload)
            return;
        Span<char> hex = stackalloc char[2 * JournalPayload.MaxBytes];
        WriteHex(Request, payload.Request, hex);
        WriteHex(Reply, payload.Reply, hex);
    }

    private void WriteHex(JsonEncodedText name, ReadOnlySpan<byte> bytes, Span<char> hex)
    {
        Convert.TryToHexStringLower(bytes, hex, out var length);
        _json.WriteString(name, hex[..length]);
    }

    private void End(IBufferWriter<byte> lines)
    {
        _json.WriteEndObject();
        _json.Flush();
        lines.Write("\n"u8);
    }

}
