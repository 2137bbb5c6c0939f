using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Configuration;

namespace SocketSync.Tests;

/// <summary>Lists of sections: which entries there are, and what is said of those that are none.</summary>
public class ConfigurationListTests
{
    [Theory]
    [InlineData("Doors=1", "Top:Doors", "1", "must be a list of sections, such as [ { \"Name\": … } ]")]
    [InlineData("Doors:Name=a", "Top:Doors:Name", null, "is not a known key; Top:Doors is a list of sections, which are numbered from 0, so that this key would be Top:Doors:0:Name")]
    [InlineData("Doors:-1:Name=a", "Top:Doors:-1", null, "is a list of sections")]
    [InlineData("Doors:00:Name=a", "Top:Doors:00", null, "is a list of sections")]
    [InlineData("Doors:0=a", "Top:Doors:0", null, "must be a section, not a value; its keys are Name, Width, Keys")]
    [InlineData("Doors:0:Nam=a", "Top:Doors:0:Nam", null, "is not a known key; did you mean Top:Doors:0:Name?")]
    [InlineData("Doors:1:Width=0", "Top:Doors:1:Width", "0", "must be a whole number from 1 to 9")]
    [InlineData("Doors:1:Keys=a", "Top:Doors:1:Keys", "a", "must be a list, such as [\"a\"]")]
    [InlineData("Doors:1:Name:x=a", "Top:Doors:1:Name", null, "must be one value, not a section or a list")]
    public void WhatIsNoEntryIsToldWithItsPlace(string keys, string key, string? value, string allowed)
    {
        var (findings, _) = Walk(Keys(keys));

        var problem = Assert.Single(findings.Problems);
        Assert.Equal((key, value), (problem.Key, problem.Value));
        Assert.Contains(allowed, problem.Allowed, StringComparison.Ordinal);
    }

    [Fact]
    public void EveryEntryIsBoundInTheOrderOfItsNumber()
    {
        var (findings, top) = Walk(Keys("Doors:10:Name=ten", "Doors:2:Name=two", "Doors:2:Keys:0=a", "Doors:2:Keys:1=b", "Doors:0:Width=3"));

        Assert.Empty(findings.Problems);
        Assert.Equal([(null, 3), ("two", 1), ("ten", 1)], top.Doors.Select(door => (door.Name, door.Width)));
        Assert.Equal(["a", "b"], top.Doors[1].Keys);
        Assert.Equal(["Top:Doors:0", "Top:Doors:2", "Top:Doors:10"], findings.EntriesOf("Top:Doors"));
    }

    [Fact]
    public void AnEntryKeepsItsPlaceWhenNoneOfItsKeysIsValid()
    {
        var (findings, top) = Walk(Keys("Doors:0:Width=wide", "Doors:1:Name=one"));

        Assert.Single(findings.Problems);
        Assert.Equal([(null, 1), ("one", 1)], top.Doors.Select(door => (door.Name, door.Width)));
        Assert.Equal(2, findings.EntriesOf("Top:Doors").Count);
    }

    [Theory]
    [InlineData("""{ "Top": { "Doors": [] } }""", 0)]
    [InlineData("""{ "Top": { "Doors": null } }""", 0)]
    [InlineData("""{ "Top": { "Doors": [ {} ] } }""", 1)]
    [InlineData("""{ "Top": { "Doors": [ { "Name": "a" }, { "Name": "b" } ] } }""", 2)]
    public void AListIsWrittenAsJsonHasIt(string json, int count)
    {
        var (findings, top) = Walk(ConfigurationText.Json(json));

        Assert.Empty(findings.Problems);
        Assert.Equal(count, top.Doors.Count);
        Assert.Equal(count, findings.EntriesOf("Top:Doors").Count);
    }

    private static IConfiguration Keys(params string[] keys) => new ConfigurationBuilder()
        .AddInMemoryCollection(keys.Select(key => key.Split('=', 2)).Select(key => KeyValuePair.Create<string, string?>("Top:" + key[0], key[1]))).Build();

    private static (ConfigurationFindings Findings, Top Options) Walk(IConfiguration configuration)
    {
        var findings = new ConfigurationFindings();
        new ConfigurationWalk(findings, []).Section(ConfigurationSnapshot.Of(configuration).GetSection("Top"), typeof(Top));
        return (findings, ConfigurationSnapshot.Of(findings.Values).GetSection("Top").Get<Top>() ?? new());
    }

    private sealed record Top
    {
        public IReadOnlyList<Door> Doors { get; init; } = [];
    }

    private sealed record Door
    {
        public string? Name { get; init; }

        [Range(1, 9)]
        public int Width { get; init; } = 1;

        public IReadOnlyList<string> Keys { get; init; } = [];
    }
}
