namespace SocketSync.Tests;

public class NumberRangesTests
{
    [Theory]
    [InlineData("7", "7")]
    [InlineData("1-3,9", "1 2 3 9")]
    [InlineData(" 0 , 254-255 ", "0 254 255")]
    [InlineData("5-5", "5")]
    [InlineData("4,1-3,2-3", "1 2 3 4")]
    public void NumbersAndRangesAreRead(string text, string expected)
    {
        Assert.True(NumberRanges.TryParse(text, 0, 255, out var ranges));
        Assert.Equal(expected, string.Join(' ', ranges!.Numbers()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("-1")]
    [InlineData("1-")]
    [InlineData("1-2-3")]
    [InlineData("3-2")]
    [InlineData("0")]
    [InlineData("256")]
    [InlineData("1,")]
    [InlineData("1 2")]
    [InlineData("99999999999")]
    public void AnythingElseIsNot(string text) => Assert.False(NumberRanges.TryParse(text, 1, 255, out _));
}
