namespace SocketSync.Tests;

public class RawProtocolTests
{
    [Fact]
    public void ARequestIsWhatOneReadBrings()
    {
        var stream = new byte[10];

        Assert.Equal("10 Incomplete", Feed().Run(stream, [], [3, 4]).ToString());
        Assert.Equal("3 1 6 Incomplete", Feed().Run(stream, [3, 4], []).ToString());
    }

    [Fact]
    public void AReadLargerThanAllowedIsCutNotRefused() =>
        Assert.Equal("4 4 2 1 Incomplete", Feed(4).Run(new byte[11], [10], []).ToString());

    private static Feed Feed(int max = ProtocolOptions.DefaultMaxRequestBytes) => new(new RawProtocol(max), max);
}
