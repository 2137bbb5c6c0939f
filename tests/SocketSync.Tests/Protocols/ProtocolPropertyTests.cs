using CsCheck;

namespace SocketSync.Tests;

public class ProtocolPropertyTests
{
    private static readonly Gen<ProtocolOptions> GenOptions = Gen.OneOf(
        Gen.Select(Any(ProtocolCases.Delimiters), Gen.Int[8, 64], (delimiter, max) =>
            new ProtocolOptions { Name = "Line", Delimiter = delimiter, MaxRequestBytes = max }),
        Gen.Select(Any(1, 2, 4), Gen.Bool, Gen.Bool, Gen.Int[4, 64], (bytes, little, includes, max) =>
            new ProtocolOptions { Name = "LengthPrefixed", LengthBytes = bytes, LittleEndian = little, LengthIncludesHeader = includes, MaxRequestBytes = max }),
        Gen.Select(Gen.Int[1, 9], Gen.Int[9, 64], (length, max) =>
            new ProtocolOptions { Name = "FixedLength", Length = length, MaxRequestBytes = max }),
        Gen.Int[8, 300].Select(max => new ProtocolOptions { Name = "ModbusTcp", MaxRequestBytes = max }),
        Gen.Int[4, 300].Select(max => new ProtocolOptions { Name = "ModbusRtu", MaxRequestBytes = max }));

    // Few different bytes, so that delimiters come about, also in part and one within the other.
    private static readonly Gen<byte> GenByte =
        Gen.Frequency((8, Any("ab\r\n\0\u0001\u0002\u0005"u8.ToArray())), (1, Gen.Byte));

    [Fact]
    public void FramesThatWereSentAreTheRequestsThatCome() =>
        Gen.Select(GenOptions, Gen.Int[0, 12], Gen.Int, (options, count, seed) =>
        {
            var random = new Random(seed);
            return (Options: options, Frames: Enumerable.Range(0, count).Select(_ => ProtocolCases.Frame(random, options)).ToList());
        })
        .SelectMany(sent =>
        {
            byte[] stream = [.. sent.Frames.SelectMany(f => f)];
            var expected = new Framing([.. sent.Frames.Select(f => (long)f.Length)], FrameStatus.Incomplete).ToString();
            return Gen.Int[0, stream.Length].Array[0, 12].Select(cuts => (Case: new ProtocolCase(sent.Options, stream, [.. cuts.Order()]), Expected: expected));
        })
        .Sample(
            t => new EventFeed(t.Case.Options).AssertEveryWay(t.Expected, t.Case.Stream, t.Case.Cuts),
            iter: 5_000,
            print: t => t.Case.ToString());

    [Fact]
    public void AnyBytesAreFramedAsByThePlainReference() =>
        Gen.Select(GenOptions, GenByte.Array[0, 80]).SelectMany((options, stream) =>
            Gen.Int[0, stream.Length].Array[0, 12].Select(cuts => new ProtocolCase(options, stream, [.. cuts.Order()])))
        .Sample(
            c => new EventFeed(c.Options).AssertEveryWay(ReferenceFraming.Of(c.Options, c.Stream).ToString(), c.Stream, c.Cuts),
            iter: 5_000,
            print: c => c.ToString());

    private static Gen<T> Any<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);
}
