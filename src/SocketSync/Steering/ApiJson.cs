using System.Text.Json;
using System.Text.Json.Serialization;

namespace SocketSync;

/// <summary>How the API writes its answers.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(OutcomeConverter), typeof(TraceEntryConverter)])]
[JsonSerializable(typeof(IReadOnlyList<ConnectionEntry>))]
[JsonSerializable(typeof(TurnEvent))]
[JsonSerializable(typeof(TraceEntry))]
internal sealed partial class ApiJson : JsonSerializerContext;

/// <summary>An outcome by its word, as in metrics and error lines.</summary>
internal sealed class OutcomeConverter : JsonConverter<Outcome>
{
    public override Outcome Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException();

    public override void Write(Utf8JsonWriter writer, Outcome value, JsonSerializerOptions options) => writer.WriteStringValue(value.Code());
}

/// <summary>A trace's entry with its bytes in hex.</summary>
internal sealed class TraceEntryConverter : JsonConverter<TraceEntry>
{
    public override TraceEntry Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException();

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
