using System.Text.RegularExpressions;

namespace SocketSync.Tests;

public partial class LinkStateTests
{
    [Fact]
    public void TheDiagramShowsExactlyTheAllowedTransitions()
    {
        var source = Assert.Single(SourceFiles.Of("src/SocketSync/Links"), file => Path.GetFileName(file.Path) == "LinkState.cs").Text;
        var diagram = source[source.IndexOf("<code>", StringComparison.Ordinal)..source.IndexOf("</code>", StringComparison.Ordinal)];
        var drawn = new HashSet<(LinkState, LinkState)>();
        foreach (Match arrow in Arrow().Matches(diagram))
        {
            var to = Enum.Parse<LinkState>(arrow.Groups["to"].Value);
            if (arrow.Groups["from"].Value == "Any")
            {
                drawn.UnionWith(Enum.GetValues<LinkState>().Where(from => from != to).Select(from => (from, to)));
                continue;
            }

            var from = Enum.Parse<LinkState>(arrow.Groups["from"].Value);
            drawn.Add((from, to));
            if (arrow.Groups["back"].Success)
                drawn.Add((to, from));
        }

        var allowed = from one in Enum.GetValues<LinkState>() from other in Enum.GetValues<LinkState>() where one.CanBecome(other) select (one, other);
        Assert.Equal(allowed.Order(), drawn.Order());
    }

    [Theory]
    [InlineData(LinkState.Idle, false)]
    [InlineData(LinkState.Opening, false)]
    [InlineData(LinkState.Up, true)]
    [InlineData(LinkState.Taken, true)]
    [InlineData(LinkState.Checking, true)]
    [InlineData(LinkState.Purging, true)]
    [InlineData(LinkState.Down, false)]
    [InlineData(LinkState.Stopped, false)]
    public void ALinkIsUpWhileItIsOpenAndInOrder(object state, bool isUp) => Assert.Equal(isUp, ((LinkState)state).IsUp());

    /// <summary>A chain <c>A --> B &lt;--> C</c> has two of them, so what follows the arrow is only looked at.</summary>
    [GeneratedRegex(@"(?<from>[A-Z][a-z]+) (?<back>&lt;)?-+> +(?=(?<to>[A-Z][a-z]+))", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Arrow();
}
