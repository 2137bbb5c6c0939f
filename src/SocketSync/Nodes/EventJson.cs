using System.Text.Json;
using System.Text.Json.Serialization;

namespace SocketSync;

/// <summary>How turns and traces are written: for readers of the API, and from node to node.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(OutcomeConverter), typeof(TraceEntryConverter)])]
[JsonSerializable(typeof(TurnEvent))]
[JsonSerializable(typeof(TraceEntry))]
[JsonSerializable(typeof(FeedBatch<TurnEvent>))]
[JsonSerializable(typeof(FeedBatch<TraceEntry>))]
internal sealed partial class EventJson : JsonSerializerContext;

/// <summary>Events of a node on their way to another, and how many were lost since the batch before, for want of room.</summary>
internal sealed record FeedBatch<T>(IReadOnlyList<T> Events, long Lost);

/// <summary>Writes an outcome as its code, as in metrics and error lines.</summary>
internal sealed class OutcomeConverter : JsonConverter<Outcome>
{
    public override Outcome Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var code = reader.GetString();
        foreach (var outcome in OutcomeNames.Counted)
        {
            if (outcome.Code() == code)
                return outcome;
        }

        return Outcome.Failed; // one that only a newer node knows
    }

    public override void Write(Utf8JsonWriter writer, Outcome value, JsonSerializerOptions options) => writer.WriteStringValue(value.Code());
}

/// <summary>Writes a trace entry with its bytes in hex.</summary>
internal sealed class TraceEntryConverter : JsonConverter<TraceEntry>
{
    public override TraceEntry Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var entry = JsonDocument.ParseValue(ref reader);
        var it = entry.RootElement;
        return new TraceEntry(
            it.GetProperty("direction"u8).GetString() ?? "",
            it.GetProperty("connectionId"u8).GetString() ?? "",
            it.GetProperty("time"u8).GetDateTimeOffset(),
            it.GetProperty("bytes"u8).GetInt64(),
            Convert.FromHexString(it.GetProperty("hex"u8).GetString() ?? ""));
    }

    public override void Write(Utf8JsonWriter writer, TraceEntry value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        writer.WriteString("direction"u8, value.Direction);
        writer.WriteString("connectionId"u8, value.ConnectionId);
        writer.WriteString("time"u8, value.Time);
        writer.WriteNumber("bytes"u8, value.Length);
        writer.WriteString("hex"u8, Convert.ToHexStringLower(value.Bytes.Span));
        writer.WriteBoolean("truncated"u8, value.Bytes.Length < value.Length);
        writer.WriteEndObject();
    }
}
