using System.Net;
using System.Net.WebSockets;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace SocketSync.EndToEndTests;

[Collection(PageTests.Name)]
public sealed class WatchingPageTests(Browser browser)
{
    [Fact]
    public async Task ShowsWhoHasTheTurnAndWhoWaits()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Settings.Scripted());
        using var holder = await server.ConnectAsync();
        using var first = await server.ConnectAsync();
        using var second = await server.ConnectAsync();
        await holder.SendAsync("hold key\n");
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        await TurnTests.WaitInLineAsync(server, first, "first", 1);
        await TurnTests.WaitInLineAsync(server, second, "second", 2);

        await using var page = await browser.OpenAsync(server);
        var resource = page.Resource();
        await Expect(resource).ToContainTextAsync("Busy");
        await Expect(resource.Locator(".holder")).ToContainTextAsync($"{holder.Socket.LocalEndPoint}");
        await Expect(resource.Locator(".waiting li")).ToContainTextAsync([$"{first.Socket.LocalEndPoint}", $"{second.Socket.LocalEndPoint}"]);
        await Expect(Row(page, holder)).ToContainTextAsync("has the turn");
        await Expect(Row(page, second)).ToContainTextAsync("waits");
        await Expect(Lane(page, holder)).ToContainTextAsync("has the turn");
        await Expect(Lane(page, holder).Locator("path.now")).ToHaveCountAsync(1);
        await Expect(Lane(page, first).Locator("path.wait")).ToHaveCountAsync(1);

        await server.ReleaseAsync("key");
        await second.ReadLineAsync();
        await Expect(resource).ToContainTextAsync("Idle");
        await Expect(resource.Locator(".holder")).ToContainTextAsync("nobody");
        await Expect(Lane(page, holder).Locator("path.ok")).ToHaveCountAsync(1);
        page.AssertNoComplaints();
    }

    [Fact]
    public async Task TellsTurnsThatFailedFromThoseThatDidNot()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Settings.Scripted(""" "TurnTimeout": "00:00:00.200" """));
        await using var page = await browser.OpenAsync(server);
        using var client = await server.ConnectAsync();
        Assert.Equal("good", await client.AskAsync("good"));
        server.Expect(Settings.Thrown);
        Assert.StartsWith("ERROR failed ", await client.AskAsync("throw"), StringComparison.Ordinal);
        Assert.StartsWith("ERROR timeout ", await client.AskAsync("cancel"), StringComparison.Ordinal);

        foreach (var kind in new[] { "ok", "failed", "timeout" })
            await Expect(Lane(page, client).Locator($"path.{kind}")).ToHaveCountAsync(1);
        await Expect(Lane(page, client)).ToContainTextAsync("in 3 turns");
        page.AssertNoComplaints();
    }

    [Fact]
    public async Task ShowsADeviceThatGoesAwayAndComesBack()
    {
        await using var device = new ScriptedDevice(new ModbusTcpDialect());
        await using var server = await RelaySettings.StartAsync(device, "ModbusTcp");
        await using var page = await browser.OpenAsync(server);
        await Expect(page.Resource()).ToContainTextAsync($"Link up: tcp 127.0.0.1:{device.Port}");

        device.GoAway();
        await Expect(page.Resource()).ToContainTextAsync("Unavailable");
        await Expect(page.Resource()).ToContainTextAsync("The device cannot be reached");
        await Expect(page.Resource()).ToContainTextAsync("connection refused");
        await Expect(page.Page.Locator("[aria-live=polite]")).ToContainTextAsync("Default: Unavailable.");

        device.Listen();
        await Expect(page.Resource()).ToContainTextAsync("Link up");
        await Expect(page.Page.Locator("[aria-live=polite]")).ToContainTextAsync("Default: in service.");
        page.AssertNoComplaints();
    }

    [Fact]
    public async Task IsMadeOfNothingButWhatTheServerHas()
    {
        await using var server = await ServerProcess.StartAsync(Settings.EchoLines);
        await using var page = await browser.OpenAsync(server);
        Assert.All(page.Asked, url => Assert.Equal(server.Http.BaseAddress!.Authority, url.Authority));

        using var answer = await server.Http.GetAsync(new Uri("/", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var policy = Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.Contains("script-src 'self';", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);

        // What the policy forbids is told to the console, and would be found there.
        await page.Page.EvaluateAsync("document.body.insertAdjacentHTML('beforeend', '<img src=\"https://example.invalid/a.png\">')");
        await Poll.UntilAsync(() => Record.Exception(page.AssertNoComplaints) is not null, "no complaint about a foreign image");
    }

    [Fact]
    public async Task CostsNothingOnceNobodyLooks()
    {
        await using var server = await ServerProcess.StartAsync(
            Settings.EchoLines, """ "MinimumLevel": { "Default": "Information", "Override": { "Microsoft": "Warning", "SocketSync.PageWatch": "Debug" } } """);
        await using (await browser.OpenAsync(server))
        {
            await using var second = await browser.OpenAsync(server);
            await server.WaitForLogAsync("The page is looked at");
        }

        await server.WaitForLogAsync("Nobody looks at the page any more; turns are read by others: false");
        await using var again = await browser.OpenAsync(server);
        using var client = await server.ConnectAsync();
        await client.AskAsync("hello");
        await Expect(Lane(again, client)).ToContainTextAsync("in 1 turns");
    }

    [Fact]
    public async Task IsOpenSoManyTimesAndNoMore()
    {
        await using var server = await ServerProcess.StartAsync(Settings.EchoLines);
        var hub = new UriBuilder(server.Http.BaseAddress!) { Scheme = "ws", Path = "/_page/hub" }.Uri;
        var others = new List<ClientWebSocket>();
        for (var i = 0; i < 16; i++)
        {
            others.Add(new());
            await others[i].ConnectAsync(hub, TestContext.Current.CancellationToken);
        }

        await using var oneMore = await browser.OpenBlankAsync();
        await oneMore.Page.GotoAsync(server.Http.BaseAddress!.ToString());
        await Expect(oneMore.Notice).ToContainTextAsync("open 16 times already");
        Assert.Equal(HttpStatusCode.OK, await server.ReadinessAsync());

        others[3].Dispose();
        await oneMore.Clients.WaitForAsync();
        await Expect(oneMore.Notice).ToBeHiddenAsync();
        others.ForEach(other => other.Dispose());
    }

    [Fact]
    public async Task APageKeepsItsPlaceAndSocketsThatAreNoneLoseTheirs()
    {
        await using var server = await ServerProcess.StartAsync(Settings.EchoLines);
        await using var page = await browser.OpenAsync(server);
        // One that loses its place comes back by itself: what tells is that it says so in between.
        await page.Page.EvaluateAsync("window.told = 0; new MutationObserver(() => window.told++).observe(document.getElementById('notice'), { attributes: true, childList: true })");
        var hub = new UriBuilder(server.Http.BaseAddress!) { Scheme = "ws", Path = "/_page/hub" }.Uri;
        var sockets = new List<ClientWebSocket>();
        for (var i = 0; i < 15; i++)
        {
            sockets.Add(new());
            await sockets[i].ConnectAsync(hub, TestContext.Current.CancellationToken);
        }

        // The sockets have come after the page: when they have lost their places it would have lost its own.
        await using var second = await browser.OpenBlankAsync();
        await second.Page.GotoAsync(server.Http.BaseAddress!.ToString());
        await Expect(second.Notice).ToContainTextAsync("open 16 times already");
        await second.Clients.WaitForAsync();

        using var client = await server.ConnectAsync();
        foreach (var shown in new[] { page, second }) await Expect(Row(shown, client)).ToContainTextAsync("idle");
        Assert.Equal(0, await page.Page.EvaluateAsync<int>("window.told"));
        Assert.Single(page.Asked, url => url.AbsolutePath == "/");
        page.AssertNoComplaints();
        sockets.ForEach(socket => socket.Dispose());
    }

    private static ILocator Row(OperatorPage page, TestClient client) =>
        page.Clients.GetByRole(AriaRole.Row).Filter(new() { HasText = $"{client.Socket.LocalEndPoint}" });

    private static ILocator Lane(OperatorPage page, TestClient client) =>
        page.Resource().Locator(".lanes li").Filter(new() { HasText = $"{client.Socket.LocalEndPoint}" });
}
