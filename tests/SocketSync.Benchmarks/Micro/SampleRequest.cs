using System.Buffers;

namespace SocketSync.Benchmarks;

/// <summary>A whole request of each protocol.</summary>
internal static class SampleRequest
{
    private const int Length = 64;

    public static byte[] Of(string protocol)
    {
        var definition = ProtocolCatalog.Find(protocol) ?? throw new ArgumentException($"No protocol {protocol}.", nameof(protocol));
        if (definition.Modbus is { } framing)
        {
            var frame = new ArrayBufferWriter<byte>();
            framing.Write(transaction: 1, unit: 1, framing.IsOfSerialLine ? [3, 0, 0, 0, 10] : Payload(Length - framing.Shortest + 1), frame);
            return frame.WrittenSpan.ToArray();
        }

        var (before, behind) = definition.Envelope(0);
        var payload = Length - before.Length - behind.Length;
        (before, behind) = definition.Envelope(payload);
        return [.. before, .. Payload(payload), .. behind];
    }

    private static byte[] Payload(int length)
    {
        var payload = new byte[length];
        payload.AsSpan().Fill((byte)'x');
        return payload;
    }
}
