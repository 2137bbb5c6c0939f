using CsCheck;

namespace SocketSync.Tests;

public class ProtocolPropertyTests
{
    private static readonly Gen<ProtocolOptions> GenOptions =
        Gen.Select(Any(ProtocolCases.Names), Gen.Int, (name, seed) => ProtocolCases.Options(new Random(seed), name));

    // Few different bytes, so that delimiters come about, also in part and one within the other.
    private static readonly Gen<byte> GenByte =
        Gen.Frequency((8, Any("ab:0\r\n\0\u0001\u0002\u0005"u8.ToArray())), (1, Gen.Byte));

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
            t => new Feed(t.Case.Options).AssertEveryWay(t.Expected, t.Case.Stream, t.Case.Cuts),
            iter: 5_000,
            print: t => t.Case.ToString());

    [Fact]
    public void AnyBytesAreFramedAsByThePlainReference() =>
        Gen.Select(GenOptions, GenByte.Array[0, 80]).SelectMany((options, stream) =>
            Gen.Int[0, stream.Length].Array[0, 12].Select(cuts => new ProtocolCase(options, stream, [.. cuts.Order()])))
        .Sample(
            c => new Feed(c.Options).AssertEveryWay(ReferenceFraming.Of(c.Options, c.Stream).ToString(), c.Stream, c.Cuts),
            iter: 5_000,
            print: c => c.ToString());

    private static Gen<T> Any<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);
}
