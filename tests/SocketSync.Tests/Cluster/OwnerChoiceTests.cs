namespace SocketSync.Tests;

/// <summary>Which node should own a resource.</summary>
public sealed class OwnerChoiceTests
{
    private static readonly string[] Nodes = ["a", "b", "c"];

    [Fact]
    public void ResourcesSpreadEvenly()
    {
        var choice = Of(3000);
        var owned = Enumerable.Range(0, 3000).CountBy(number => choice.Choose($"R{number}", Nodes)!).ToDictionary();
        Assert.Equal(3, owned.Count);
        Assert.All(owned.Values, count => Assert.InRange(count, 900, 1100));
    }

    [Fact]
    public void WhenANodeDiesOnlyItsOwnResourcesChangeHands()
    {
        var choice = Of(300);
        foreach (var resource in Enumerable.Range(0, 300).Select(number => $"R{number}"))
        {
            var before = choice.Choose(resource, Nodes);
            var after = choice.Choose(resource, ["a", "c"]);
            Assert.True(before == "b" || before == after);
            Assert.Contains(after, ["a", "c"], StringComparer.Ordinal);
        }
    }

    [Fact]
    public void EveryNodeChoosesTheSame()
    {
        var choice = Of(100);
        foreach (var resource in Enumerable.Range(0, 100).Select(number => $"R{number}"))
            Assert.Equal(choice.Choose(resource, Nodes), Of(100).Choose(resource.ToLowerInvariant(), ["c", "b", "a"]));
        // Nodes of different versions must agree: these are for ever.
        Assert.Equal(["b", "a", "c", "a", "b", "b"], Enumerable.Range(1, 6).Select(number => choice.Choose($"R{number}", Nodes)), StringComparer.Ordinal);
    }

    [Fact]
    public void OnlyNodesThatAreAllowedAreChosen()
    {
        var choice = new OwnerChoice(Resources(("R", ["b", "c"])));
        Assert.Contains(choice.Choose("R", Nodes), ["b", "c"], StringComparer.Ordinal);
        Assert.Equal("c", choice.Choose("r", ["a", "c"]));
        Assert.Null(choice.Choose("R", ["a"]));
        Assert.Null(choice.Choose("Unknown", Nodes));
    }

    [Fact]
    public void ASingleNodeMayBeNamedTwice()
    {
        var choice = new OwnerChoice(Resources(("R", ["a", "a"]), ("S", ["a", "b"]), ("T", [])));
        Assert.True(choice.IsSole("R", out var node));
        Assert.Equal("a", node);
        Assert.False(choice.IsSole("S", out _));
        Assert.False(choice.IsSole("T", out _));
    }

    [Fact]
    public void AnOperatorsWishHoldsUntilThatNodeIsGone()
    {
        var choice = Of(1);
        var chosen = choice.Choose("R0", Nodes)!;
        var wished = Nodes.First(node => node != chosen);
        choice.Wish("r0", wished);
        Assert.Equal(wished, choice.Choose("R0", Nodes));
        Assert.Equal(chosen, choice.Choose("R0", [chosen]));
        choice.Gone(wished);
        Assert.Equal(chosen, choice.Choose("R0", Nodes));
    }

    private static OwnerChoice Of(int count) => new(Resources([.. Enumerable.Range(0, count + 10).Select(number => ($"R{number}", Array.Empty<string>()))]));

    private static Dictionary<string, ResourceOptions> Resources(params (string Name, string[] Nodes)[] resources) =>
        resources.ToDictionary(resource => resource.Name, resource => new ResourceOptions { Nodes = resource.Nodes }, StringComparer.OrdinalIgnoreCase);
}
