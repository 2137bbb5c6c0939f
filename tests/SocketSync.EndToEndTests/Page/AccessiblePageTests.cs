using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace SocketSync.EndToEndTests;

[Collection(PageTests.Name)]
public sealed class AccessiblePageTests(Browser browser)
{
    [Theory]
    [InlineData(1280, ColorScheme.Light)]
    [InlineData(1280, ColorScheme.Dark)]
    [InlineData(390, ColorScheme.Light)]
    [InlineData(390, ColorScheme.Dark)]
    public async Task AxeFindsNothing(int width, ColorScheme scheme)
    {
        await using var stage = await PageStage.SetAsync();
        await using var page = await browser.OpenAsync(stage.Server, width, scheme);
        await stage.PlayAsync(page);
        await AssertCleanAsync(page);

        await page.Button("Pause Bench").ClickAsync();
        await Expect(page.Token).ToBeVisibleAsync();
        await AssertCleanAsync(page);
        page.AssertNoComplaints();
    }

    [Theory]
    [InlineData(1280)]
    [InlineData(360)]
    public async Task NothingIsCutOff(int width)
    {
        await using var stage = await PageStage.SetAsync();
        await using var page = await browser.OpenAsync(stage.Server, width);
        await stage.PlayAsync(page);
        Assert.Equal(width, await page.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
    }

    [Fact]
    public async Task TheColoursAreThoseOfTheSystemUntilOthersAreChosen()
    {
        await using var server = await ServerProcess.StartAsync(Settings.EchoLines);
        await using var page = await browser.OpenAsync(server, scheme: ColorScheme.Dark);
        await Expect(page.Page.Locator(".operator")).ToContainClassAsync("is-dark");
        await page.Button("Light colours").ClickAsync();
        await Expect(page.Page.Locator(".operator")).Not.ToContainClassAsync("is-dark");

        await page.Page.ReloadAsync();
        await page.Clients.WaitForAsync();
        await Expect(page.Page.Locator(".operator")).Not.ToContainClassAsync("is-dark");
    }

    private static async Task AssertCleanAsync(OperatorPage page)
    {
        var result = await page.Page.RunAxe();
        Assert.True(
            result.Violations.Length == 0,
            string.Join('\n', result.Violations.Select(v => $"{v.Id}: {v.Help}\n  {string.Join("\n  ", v.Nodes.Select(n => n.Html))}")));
        Assert.NotEmpty(result.Passes);
    }
}
