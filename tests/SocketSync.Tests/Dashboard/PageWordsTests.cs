namespace SocketSync.Tests;

/// <summary>What the page says of times, addresses and numbers of resources.</summary>
public class PageWordsTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 2, 0, 30, 0, TimeSpan.FromHours(2));

    [Theory]
    [InlineData("2026-03-01T22:29:59Z", "00:29:59")]
    [InlineData("2026-03-01T21:59:59Z", "1 Mar 23:59:59")]
    public void ATimeIsOnTheServersClock(string at, string expected) =>
        Assert.Equal(expected, DisplayFormat.Clock(DateTimeOffset.Parse(at, System.Globalization.CultureInfo.InvariantCulture), Now));

    [Fact]
    public void TheClockSaysItsZone()
    {
        Assert.Equal("UTC+02:00", DisplayFormat.Zone(Now));
        Assert.Equal("UTC", DisplayFormat.Zone(Now.ToUniversalTime()));
    }

    [Theory]
    [InlineData("localhost", null, "localhost:502")]
    [InlineData("*", null, "*:502")]
    [InlineData("::1", null, "[::1]:502")]
    [InlineData("localhost", "/run/sync.sock", "/run/sync.sock")]
    public void AnAddressCanBeCopied(string address, string? unixSocket, string expected) =>
        Assert.Equal(expected, ListenerView.AddressOf(new ListenerBinding("L", address, IsDefaultAddress: false, Port: 0, unixSocket), unixSocket is null ? 502 : null));

    [Fact]
    public void WhatIsWrongIsCountedFirst() =>
        Assert.Equal(
            [("Stuck", 1), ("Unavailable", 2), ("Paused", 1), ("Busy", 1), ("Idle", 3)],
            OverviewTally.Of(new[] { "Idle", "Unavailable", "Idle", "Busy", "Stuck", "Paused", "Unavailable", "Idle" }.Select(Resource)));

    private static ResourceView Resource(string state) => new(
        "R", "P", state, Turn: null, [], default, Link: null, new ResourceRates(0, 0, 0, 0, 0, Now, null, null), Place: null, Detail: null);
}
