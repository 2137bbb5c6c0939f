using System.Buffers;
using System.Buffers.Binary;

namespace SocketSync.Benchmarks;

/// <summary>A whole request of each protocol.</summary>
internal static class SampleRequest
{
    private const int Length = 64;

    public static byte[] Of(string protocol)
    {
        var request = new byte[Length];
        request.AsSpan().Fill((byte)'x');
        switch (protocol)
        {
            case "Line" or "Scpi":
                request[^1] = (byte)'\n';
                return request;
            case "LengthPrefixed":
                BinaryPrimitives.WriteUInt16BigEndian(request, Length - 2);
                return request;
            case "ModbusTcp":
                var tcp = new ArrayBufferWriter<byte>();
                Mbap.Write(1, 1, request.AsSpan(Mbap.HeaderBytes), tcp);
                return tcp.WrittenSpan.ToArray();
            case "ModbusRtu":
                var rtu = new ArrayBufferWriter<byte>();
                RtuFrame.Write(1, [3, 0, 0, 0, 10], rtu);
                return rtu.WrittenSpan.ToArray();
            default:
                return request;
        }
    }
}
