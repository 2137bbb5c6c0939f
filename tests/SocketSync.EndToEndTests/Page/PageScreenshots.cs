using Microsoft.Playwright;

namespace SocketSync.EndToEndTests;

/// <summary>Pictures of the page, for people to look at: into the folder that SOCKETSYNC_SCREENSHOTS names.</summary>
[Collection(PageTests.Name)]
public sealed class PageScreenshots(Browser browser)
{
    [Theory]
    [InlineData(1280, ColorScheme.Light)]
    [InlineData(1280, ColorScheme.Dark)]
    [InlineData(390, ColorScheme.Light)]
    [InlineData(390, ColorScheme.Dark)]
    public async Task AreTaken(int width, ColorScheme scheme)
    {
        var folder = Environment.GetEnvironmentVariable("SOCKETSYNC_SCREENSHOTS");
        if (string.IsNullOrEmpty(folder)) Assert.Skip("SOCKETSYNC_SCREENSHOTS names no folder for the pictures");

        await using var stage = await PageStage.SetAsync();
        await using var page = await browser.OpenAsync(stage.Server, width, scheme);
        await stage.PlayAsync(page);
        var name = $"{width}-{scheme}".ToLowerInvariant();
        await page.Page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"page-{name}.png"), FullPage = true });
        await page.Button("Pause Bench").ClickAsync();
        await page.Token.WaitForAsync();
        await page.Page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"dialog-{name}.png") });
    }

    [Fact]
    public async Task AreTakenOfManyResources()
    {
        var folder = Environment.GetEnvironmentVariable("SOCKETSYNC_SCREENSHOTS");
        if (string.IsNullOrEmpty(folder)) Assert.Skip("SOCKETSYNC_SCREENSHOTS names no folder for the pictures");

        await using var stage = await PageStage.SetManyAsync(resources: 60, clients: 200);
        foreach (var (width, scheme) in new[] { (1920, ColorScheme.Light), (390, ColorScheme.Dark) })
        {
            await using var page = await browser.OpenAsync(stage.Server, width, scheme);
            await page.Opener("Machine-04").ClickAsync();
            await page.Resource("Machine-04").WaitForAsync();
            await page.Page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"many-{width}.png"), FullPage = true });
        }
    }
}
