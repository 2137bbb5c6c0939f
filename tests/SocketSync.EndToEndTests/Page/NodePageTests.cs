using System.Globalization;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace SocketSync.EndToEndTests;

/// <summary>The page of a node that shares resources with others.</summary>
[Collection(PageTests.Name)]
public sealed class NodePageTests(Browser browser)
{
    private const string Token = "correct-horse-battery";

    [Theory]
    [InlineData(1280)]
    [InlineData(390)]
    public async Task ShowsWhereAResourceLives(int width)
    {
        // Its only node serves it without the store.
        await using var server = await ServerProcess.StartUnreadyAsync(Settings.Node("a", redis: FreePort.Next(), owners: "\"a\""));
        await using var page = await browser.OpenAsync(server, width);
        await Expect(page.Resource().Locator(".place")).ToContainTextAsync("on node a, epoch ");
        await Expect(Nodes(page).GetByRole(AriaRole.Listitem)).ToContainTextAsync("this one");
        await Expect(page.Button("Move Default")).ToBeDisabledAsync(); // there is no other
        Assert.True(await page.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"), "the page is as wide as the screen");
        page.AssertNoComplaints();
    }

    [Fact]
    public async Task MovesAResourceThatAnotherNodeOwns()
    {
        const string Redis = "/usr/bin/redis-server";
        Tool.Require(Redis);
        var port = FreePort.Next();
        await using var redis = new ChildProcess(
            Redis, ["--port", port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        await using var a = await ServerProcess.StartAsync(Settings.Node("a", port));
        await using var b = await ServerProcess.StartAsync(Settings.Node("b", port));
        await using var page = await browser.OpenAsync(b);
        await Expect(Nodes(page).Locator(".state.up")).ToHaveCountAsync(2);
        await Expect(page.Resource().Locator(".place")).ToContainTextAsync("on node ");
        var (from, to) = (await page.Resource().Locator(".place").TextContentAsync())!.Contains("node a", StringComparison.Ordinal) ? ("a", "b") : ("b", "a");

        foreach (var (target, token) in new[] { (to, Token), (from, null) })
        {
            await page.Button("Move Default").ClickAsync();
            await Expect(page.Dialog).ToContainTextAsync("Move Default to another node?");
            await Expect(page.Dialog.GetByLabel("Node")).ToHaveValueAsync(target);
            if (token is not null)
                await page.Token.FillAsync(token);
            await page.Dialog.GetByRole(AriaRole.Button, new() { Name = "Move" }).ClickAsync();
            await Expect(page.Dialog).ToHaveCountAsync(0);
            await Expect(page.Resource().Locator(".place")).ToContainTextAsync($"on node {target}, epoch ");
        }

        page.AssertNoComplaints();
    }

    [Fact]
    public async Task AServerThatIsAloneSaysNothingOfNodes()
    {
        await using var server = await ServerProcess.StartAsync(Settings.EchoLines);
        await using var page = await browser.OpenAsync(server);
        await Expect(page.Resource()).ToContainTextAsync("Idle");
        await Expect(Nodes(page)).ToHaveCountAsync(0);
        await Expect(page.Button("Move Default")).ToHaveCountAsync(0);
        await Expect(page.Resource().Locator(".place")).ToHaveCountAsync(0);
    }

    private static ILocator Nodes(OperatorPage page) => page.Page.GetByRole(AriaRole.Region, new() { Name = "Nodes", Exact = true });
}
