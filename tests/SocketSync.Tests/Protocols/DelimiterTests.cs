using System.Text;

namespace SocketSync.Tests;

public class DelimiterTests
{
    [Theory]
    [InlineData("\n", "0A")]
    [InlineData("\\n", "0A")]
    [InlineData("\r\\n", "0D0A")]
    [InlineData("\\r\\n\\t\\0", "0D0A0900")]
    [InlineData("\\x00\\xfF\\x7e", "00FF7E")]
    [InlineData("\\\\", "5C")]
    [InlineData("\\\\n", "5C6E")]
    [InlineData("\\x0AA", "0A41")]
    [InlineData(";", "3B")]
    [InlineData("END\\r", "454E440D")]
    [InlineData("é", "C3A9")]
    [InlineData("€\U0001F600", "E282ACF09F9880")]
    public void ReadsTextAndEscapes(string text, string hex)
    {
        Assert.True(Delimiter.TryParse(text, out var bytes));
        Assert.Equal(hex, Convert.ToHexString(bytes));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\\")]
    [InlineData("\\n\\")]
    [InlineData("\\q")]
    [InlineData("\\N")]
    [InlineData("\\x")]
    [InlineData("\\x1")]
    [InlineData("\\xg0")]
    [InlineData("\\x 1")]
    [InlineData("\\x+1")]
    [InlineData("\\u000A")]
    public void RefusesWhatItDoesNotKnow(string text)
    {
        Assert.False(Delimiter.TryParse(text, out var bytes));
        Assert.Empty(bytes);
    }

    [Fact]
    public void RefusesHalfACharacter()
    {
        // Not as InlineData: a lone surrogate does not survive the way through an attribute.
        Assert.False(Delimiter.TryParse("x\uD83D", out _));
        Assert.False(Delimiter.TryParse("\uDE00", out _));
    }

    [Fact]
    public void EveryByteCanBeWritten()
    {
        var text = new StringBuilder();
        for (var value = 0; value < 256; value++) text.Append("\\x").Append(value.ToString("x2", System.Globalization.CultureInfo.InvariantCulture));

        Assert.True(Delimiter.TryParse(text.ToString(), out var bytes));
        Assert.Equal(Enumerable.Range(0, 256).Select(v => (byte)v), bytes);
    }
}
