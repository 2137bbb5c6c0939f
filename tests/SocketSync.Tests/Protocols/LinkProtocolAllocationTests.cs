using System.Buffers;
using static SocketSync.Tests.PlainModbus;

namespace SocketSync.Tests;

public class LinkProtocolAllocationTests
{
    private static readonly byte[] Read = Hex("03 0010 0001");
    private static readonly byte[] Answer = Hex("03 02 0022");

    /// <summary>Every language with itself, and those that are translated.</summary>
    public static TheoryData<string, string> Pairs => [.. LinkProtocolFuzzTests.Pairs];

    [Theory, MemberData(nameof(Pairs))]
    public void ARequestAndItsReplyAllocateNothing(string clients, string device)
    {
        var options = new ProtocolOptions { Name = clients, Length = clients == "FixedLength" ? 4 : null };
        var protocol = ProtocolCatalog.CreateLink(options, new() { Name = device, Length = options.Length }, 1000, new Dictionary<int, int>());
        var (request, reply) = (Message(clients, "a?b\n", Read), Message(device, "#12\n\n\n", Answer));
        if (clients == "FixedLength") reply = "abcd"u8.ToArray();
        var output = new ArrayBufferWriter<byte>(1024);
        Exchange(protocol, Segments.Of(request), Segments.Of(reply), output);

        var (whole, divided) = (Segments.Of(reply), Segments.Of(reply, 1, 2, 3));
        var asked = Segments.Of(request, 1, 3);
        Assert.Equal(0, Allocations.Of(() =>
        {
            for (var i = 0; i < 1000; i++)
            {
                Exchange(protocol, asked, whole, output);
                Exchange(protocol, asked, divided, output);
            }
        }));
        Assert.True(output.WrittenCount >= reply.Length);
    }

    private static byte[] Message(string name, string text, byte[] pdu) => name switch
    {
        "ModbusTcp" or "ModbusRtu" or "ModbusAscii" => Frame(name["Modbus".Length..], 7, 1, pdu),
        "LengthPrefixed" => [0, 2, 1, 2],
        _ => System.Text.Encoding.Latin1.GetBytes(text),
    };

    private static void Exchange(ILinkProtocol protocol, in ReadOnlySequence<byte> request, in ReadOnlySequence<byte> reply, ArrayBufferWriter<byte> output)
    {
        output.ResetWrittenCount();
        Assert.True(protocol.ExpectsReply(request));
        protocol.IsRead(request);
        protocol.WriteRequest(request, output);
        protocol.FindReply(request, reply, 0, isSilent: false);
        protocol.FindReply(request, reply, 0, isSilent: true);
        protocol.WriteReply(request, reply, output);
    }
}
