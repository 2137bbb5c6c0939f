using System.Text;

namespace SocketSync.Tests;

/// <summary>Telnet, whatever the segmentation: data come through, commands do not, and two ends agree and fall silent.</summary>
public class TelnetEndTests
{
    private const byte Iac = 255, Sb = 250, Se = 240, Will = 251, Wont = 252, Do = 253, Dont = 254;

    [Fact]
    public void EveryByteComesThroughWhateverTheSegmentation()
    {
        byte[] data = [.. Enumerable.Range(0, 256).Select(i => (byte)i), 255, 255, 13, 10, 255, 240];
        var sent = new PooledBuffer();
        TelnetEnd.Encode(data, sent);
        byte[] bytes = [Iac, Will, TelnetEnd.Binary, .. sent.Written.Span, Iac, Sb, 44, 1, 255, 255, 3, Iac, Se, (byte)'!'];
        for (var split = 0; split <= bytes.Length; split++)
        {
            var end = new End();
            var received = new PooledBuffer();
            end.Decode(bytes.AsSpan(0, split), received);
            end.Decode(bytes.AsSpan(split), received);
            Assert.Equal([.. data, (byte)'!'], received.Written.ToArray());
            Assert.Equal([44, 1, 255, 3], Assert.Single(end.Subnegotiations));
        }
    }

    [Theory]
    [InlineData("a\r\0b\r\nc\r\rd", "a\rb\r\nc\r\rd")]
    [InlineData("\0\r\0\0", "\0\r\0")]
    public void WithoutBinaryACarriageReturnComesWithANul(string sent, string data)
    {
        foreach (var size in new[] { 1, 2, 100 })
        {
            var end = new End();
            var received = new PooledBuffer();
            foreach (var part in Encoding.ASCII.GetBytes(sent).Chunk(size)) end.Decode(part, received);
            Assert.Equal(data, Encoding.ASCII.GetString(received.Written.Span));
        }
    }

    [Theory]
    [InlineData(new[] { Will, TelnetEnd.Binary }, new[] { Iac, Do, TelnetEnd.Binary })]
    [InlineData(new[] { Do, TelnetEnd.Binary }, new[] { Iac, Will, TelnetEnd.Binary })]
    [InlineData(new byte[] { Will, 99 }, new byte[] { Iac, Dont, 99 })]
    [InlineData(new byte[] { Do, 99 }, new byte[] { Iac, Wont, 99 })]
    [InlineData(new byte[] { Wont, 99 }, new byte[0])]
    [InlineData(new byte[] { Dont, TelnetEnd.Binary }, new byte[0])]
    public void AnswersWhatChangesSomething(byte[] asked, byte[] answer) => Assert.Equal(answer, Answer(new End(), [Iac, .. asked]));

    [Fact]
    public void AnswersNeitherAnAnswerNorWhatHoldsAlready()
    {
        var end = new End();
        end.OfferWill(TelnetEnd.Binary);
        Assert.Equal([Iac, Will, TelnetEnd.Binary], Answer(end, []));
        Assert.Empty(Answer(end, [Iac, Do, TelnetEnd.Binary]));
        Assert.Empty(Answer(end, [Iac, Do, TelnetEnd.Binary]));
        Assert.Equal([Iac, Wont, TelnetEnd.Binary], Answer(end, [Iac, Dont, TelnetEnd.Binary]));
        Assert.Empty(Answer(end, [Iac, Dont, TelnetEnd.Binary]));
    }

    [Fact]
    public void ASubnegotiationOfAnyLengthTakesNoMemoryAndIsIgnored()
    {
        var end = new End();
        Assert.Empty(Answer(end, [Iac, Sb, 44, .. new byte[1 << 20], Iac, Se]));
        Assert.Empty(end.Subnegotiations);
        Assert.Empty(Answer(end, [Iac, Sb, 44, 5, 1, Iac, Se, Iac, Sb, Iac, Se]));
        Assert.Equal([44, 5, 1], Assert.Single(end.Subnegotiations));
    }

    /// <summary>Nothing that a stranger sends throws, or makes it say more than three bytes for three.</summary>
    [Fact]
    public void RandomBytesAreTaken()
    {
        var random = new Random(1);
        for (var i = 0; i < 2000; i++)
        {
            var bytes = new byte[random.Next(200)];
            for (var at = 0; at < bytes.Length; at++) bytes[at] = random.Next(3) == 0 ? (byte)random.Next(240, 256) : (byte)random.Next(256);
            Assert.True(Answer(new End(), bytes).Length <= bytes.Length);
        }
    }

    private static byte[] Answer(End end, byte[] bytes)
    {
        end.Decode(bytes, new PooledBuffer());
        var answer = end.Replies.Written.ToArray();
        end.Replies.Clear();
        return answer;
    }

    private sealed class End : TelnetEnd
    {
        public List<byte[]> Subnegotiations { get; } = [];

        protected override bool Accepts(byte option, bool isOurs) => option == Binary;

        protected override void OnSubnegotiation(ReadOnlySpan<byte> bytes) => Subnegotiations.Add(bytes.ToArray());
    }
}
