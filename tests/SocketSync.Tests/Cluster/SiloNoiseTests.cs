using Orleans.Runtime;

namespace SocketSync.Tests;

/// <summary>What Orleans leaves behind is told from mistakes of this program.</summary>
public sealed class SiloNoiseTests
{
    [Fact]
    public void OrleansOwnExceptionsAreNoise()
    {
        Assert.True(SiloNoise.IsOfOrleans(new SiloUnavailableException("gone")));
        Assert.True(SiloNoise.IsOfOrleans(new ObjectDisposedException("This instance has been disposed")));
        Assert.True(SiloNoise.IsOfOrleans(new AggregateException(new SiloUnavailableException("gone"), new ObjectDisposedException("This instance has been disposed"))));
        Assert.True(SiloNoise.IsOfOrleans(Record.Exception(() => SiloAddress.FromParsableString("nonsense"))!));
    }

    [Fact]
    public void OthersAreNot()
    {
        Assert.False(SiloNoise.IsOfOrleans(new InvalidOperationException("a mistake")));
        Assert.False(SiloNoise.IsOfOrleans(new ObjectDisposedException("Socket")));
        Assert.False(SiloNoise.IsOfOrleans(new AggregateException(new SiloUnavailableException("gone"), new InvalidOperationException("a mistake"))));
        Assert.False(SiloNoise.IsOfOrleans(new AggregateException()));
    }
}
