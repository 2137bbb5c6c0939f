namespace SocketSync.Tests;

/// <summary>Whatever the segmentation, the same requests come out.</summary>
public class SplitPointTests
{
    private const int ShortSample = 40;

    public static TheoryData<string> Names => [.. Samples.All.Keys];

    [Fact]
    public void EveryLanguageHasSamples() =>
        Assert.Empty(ProtocolCases.Names.Except(Samples.All.Values.Select(sample => sample.Options.Name), StringComparer.Ordinal));

    [Theory, MemberData(nameof(Names))]
    public void TheStreamInOnePieceGivesItsRequests(string name)
    {
        var sample = Samples.All[name];
        var framing = new Feed(sample.Options).Whole(sample.Stream);

        Assert.Equal(sample.Expected, framing.ToString());
        Assert.StartsWith(string.Concat(sample.Requests), sample.Text, StringComparison.Ordinal);
        Assert.Equal(sample.Expected, ReferenceFraming.Of(sample.Options, sample.Stream).ToString());
    }

    [Theory, MemberData(nameof(Names))]
    public void EverySplitInTwoGivesTheSame(string name)
    {
        var sample = Samples.All[name];
        var feed = new Feed(sample.Options);
        for (var cut = 0; cut <= sample.Stream.Length; cut++) feed.AssertEveryWay(sample.Expected, sample.Stream, cut);
    }

    [Theory, MemberData(nameof(Names))]
    public void EverySplitInThreeGivesTheSame(string name)
    {
        var sample = Samples.All[name];
        Assert.True(sample.Stream.Length <= ShortSample, "A sample is short, so that all its splits can be tried.");
        var feed = new Feed(sample.Options);
        for (var first = 0; first <= sample.Stream.Length; first++)
        {
            for (var second = first; second <= sample.Stream.Length; second++)
                feed.AssertEveryWay(sample.Expected, sample.Stream, first, second);
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void OneByteAtATimeGivesTheSame(string name)
    {
        var sample = Samples.All[name];
        new Feed(sample.Options).AssertEveryWay(sample.Expected, sample.Stream, [.. Enumerable.Range(0, sample.Stream.Length)]);
    }

    [Theory, MemberData(nameof(Names))]
    public void ManyTimesTheSampleInOneBufferGivesManyTimesItsRequests(string name)
    {
        const int times = 50;
        var sample = Samples.All[name];
        var once = string.Concat(sample.Requests);
        var stream = System.Text.Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat(once, times)) + sample.Text[once.Length..]);
        var expected = new Framing([.. Enumerable.Repeat(sample.Requests, times).SelectMany(r => r).Select(r => (long)r.Length)], sample.End).ToString();
        var feed = new Feed(sample.Options);

        feed.AssertEveryWay(expected, stream);
        for (var stride = 1; stride <= 7; stride++)
            feed.AssertEveryWay(expected, stream, [.. Enumerable.Range(1, (stream.Length - 1) / stride).Select(i => i * stride)]);
    }

    [Theory, MemberData(nameof(Names))]
    public void ATruncatedStreamGivesOnlyTheRequestsThatAreWhole(string name)
    {
        var sample = Samples.All[name];
        var feed = new Feed(sample.Options);
        for (var length = 0; length < sample.Stream.Length; length++)
        {
            var end = 0;
            var whole = sample.Requests.TakeWhile(r => (end += r.Length) <= length).Select(r => (long)r.Length).ToList();
            var got = feed.Whole(sample.Stream[..length]);

            Assert.Equal(whole, got.Lengths);
            if (sample.End == FrameStatus.Incomplete) Assert.Equal(FrameStatus.Incomplete, got.End);
        }
    }
}
