using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;
using CsCheck;

namespace SocketSync.Tests;

/// <summary>However a response comes, it ends where the plainest reading of all its bytes says, and no byte is looked at again and again.</summary>
public partial class ScpiResponseTests
{
    private static readonly string[] Pieces =
        ["#", "\"", ",", ";", " ", "\n", "\r", "\r\n", "a", "aa", "b", ":", "*", "1", "2", "0", "9", "#12", "#210", "#10", "#9", "CURVE #13", ",#11", " #", "'", "é"];

    private static readonly string[] Delimiters = ["\n", "\r\n", "aab", "aa", "\r\n\r\n", "\"", "#", ",", " ;"];

    private static readonly Gen<byte[]> GenStream =
        Of(Pieces).Array[0, 24].Select(pieces => Encoding.Latin1.GetBytes(string.Concat(pieces)));

    [Fact]
    public void AnyWayOfComingGivesTheEndThatThePlainestReadingGives() =>
        Gen.Select(GenStream, Of(Delimiters), Gen.OneOf(Gen.Int[8, 40], Gen.Const(1000)), Gen.Int[0, 60].Array[0, 10], Gen.Int[0, 60].Array[0, 10])
            .Sample(
                (stream, delimiter, max, arrivals, cuts) =>
                {
                    var expected = Plainly(Encoding.Latin1.GetString(stream), delimiter, max);
                    var response = new ScpiResponse(Encoding.Latin1.GetBytes(delimiter), max);
                    Assert.Equal(expected, Find(response, stream, [], []));
                    Assert.Equal(expected, Find(response, stream, Within(arrivals), Within(cuts)));
                    Assert.Equal(expected, Find(response, stream, [.. Enumerable.Range(1, stream.Length)], Within(cuts)));

                    int[] Within(int[] positions) => [.. positions.Where(p => p <= stream.Length).Order()];
                },
                iter: 20_000);

    [Fact]
    public void WhatWasSeenOfAnotherResponseDoesNotCount()
    {
        var response = new ScpiResponse("\n"u8, 100);
        Assert.Equal(FrameResult.Incomplete, response.Find(new("\"in a string,"u8.ToArray()), 0));
        Assert.Equal(FrameResult.Incomplete, response.Find(new("#14\n"u8.ToArray()), 0));
        Assert.Equal(FrameResult.Complete(8), response.Find(new("#14\n\n\n\n\n"u8.ToArray()), 4));
    }

    [Theory]
    [InlineData("a", " #")]
    [InlineData("", "#")]
    [InlineData("", ",#2")]
    [InlineData("", "\",#")]
    [InlineData("", "\r")]
    [InlineData("", ":A1")]
    [InlineData("", "#11,,")]
    public void NoByteIsLookedAtMoreOftenThanAFewTimesHoweverLongTheResponse(string first, string repeated)
    {
        const int Length = 8_000;
        var bytes = Encoding.Latin1.GetBytes(first + string.Concat(Enumerable.Repeat(repeated, Length / repeated.Length)));
        var segments = new CountingSegments();
        var response = new ScpiResponse("\r\n"u8, 1 << 20);
        for (var i = 0; i < bytes.Length; i++)
        {
            segments.Add([bytes[i]]);
            Assert.Equal(FrameResult.Incomplete, response.Find(segments.Sequence, i));
        }

        // Peeking at a delimiter or a length asks for some bytes once more; a search from the start would ask 32 million times.
        Assert.InRange(segments.Looks, bytes.Length, 12 * bytes.Length);
        var coming = segments.Looks;
        Assert.Equal(FrameResult.Incomplete, response.Find(segments.Sequence, 0));
        Assert.InRange(segments.Looks - coming, bytes.Length, 12 * bytes.Length);
    }

    [Fact]
    public void ABlockCostsNothingWhileItComes()
    {
        var segments = new CountingSegments();
        var response = new ScpiResponse("\n"u8, 2 << 20);
        segments.Add("#71048576"u8.ToArray());
        Assert.Equal(FrameResult.Incomplete, response.Find(segments.Sequence, 0));
        var announced = segments.Looks;
        for (var i = 0; i < 64; i++)
        {
            segments.Add(new byte[16384]);
            Assert.Equal(FrameResult.Incomplete, response.Find(segments.Sequence, 9 + i * 16384));
        }

        Assert.Equal(announced, segments.Looks);
        segments.Add("\n"u8.ToArray());
        Assert.Equal(FrameResult.Complete(9 + (1 << 20) + 1), response.Find(segments.Sequence, 9 + (1 << 20)));
        Assert.InRange(segments.Looks - announced, 1, 10);
    }

    private static Gen<string> Of(string[] texts) => Gen.Int[0, texts.Length - 1].Select(i => texts[i]);

    private static FrameResult Find(ScpiResponse response, byte[] stream, int[] arrivals, int[] cuts)
    {
        var all = Segments.Of(stream, cuts);
        long searched = 0;
        foreach (var arrived in arrivals.Append(stream.Length).Where(a => a > 0))
        {
            var found = response.Find(all.Slice(0, arrived), searched);
            if (found.Status != FrameStatus.Incomplete) return found;
            searched = arrived;
        }

        return FrameResult.Incomplete;
    }

    private static FrameResult Plainly(string stream, string delimiter, int max)
    {
        var isInString = false;
        var behindBlock = 0;
        for (var i = 0; i < stream.Length;)
        {
            var rest = stream[i..];
            if (rest.StartsWith(delimiter, StringComparison.Ordinal))
                return i + delimiter.Length > max ? FrameResult.TooLarge : FrameResult.Complete(i + delimiter.Length);
            if (delimiter.StartsWith(rest, StringComparison.Ordinal)) break;
            if (!isInString && rest[0] == '#' && (behindBlock > 0 ? stream[behindBlock..i] is [.., ',' or ';'] : BeginsElement().IsMatch(stream[..i])))
            {
                if (UnfinishedLength().IsMatch(rest) && rest.Length < 2 + (rest is [_, var digits, ..] ? digits - '0' : 9)) break;
                if (rest.Length > 1 && rest[1] is >= '1' and <= '9' && rest.Substring(2, Math.Min(rest[1] - (char)48, rest.Length - 2)) is var length && length.All(char.IsAsciiDigit))
                {
                    behindBlock = i + 2 + length.Length + int.Parse(length, System.Globalization.CultureInfo.InvariantCulture);
                    if (behindBlock > max) return FrameResult.TooLarge;
                    if (behindBlock > stream.Length) return FrameResult.Incomplete;
                    i = behindBlock;
                    continue;
                }
            }

            isInString ^= rest[0] == '"';
            i++;
        }

        return stream.Length < max ? FrameResult.Incomplete : FrameResult.TooLarge;
    }

    [GeneratedRegex(@"\A\z|[,;]\z|\A[A-Za-z0-9:_*]* \z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex BeginsElement();

    [GeneratedRegex(@"\A#([1-9][0-9]*)?\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex UnfinishedLength();
}
