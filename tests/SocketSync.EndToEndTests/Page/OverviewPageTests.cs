using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace SocketSync.EndToEndTests;

/// <summary>A server with many resources: all at one look, and each in detail when one asks for it.</summary>
[Collection(PageTests.Name)]
public sealed class OverviewPageTests(Browser browser)
{
    [Fact]
    public async Task ShowsThirtyResourcesOnOneScreenAndEachOnDemand()
    {
        const int Count = 30;
        await using var stage = await PageStage.SetManyAsync(Count, clients: Count + 1);
        await using var page = await browser.OpenAsync(stage.Server, width: 1920);
        // A full screen of 1080 lines, less what the browser itself takes.
        await page.Page.SetViewportSizeAsync(1920, 950);
        await Expect(page.Page.Locator("tr[data-line]")).ToHaveCountAsync(Count);
        var last = (await page.Line("Machine-30").BoundingBoxAsync())!;
        Assert.True(last.Y + last.Height <= 950, $"the last line ends at {last.Y + last.Height}");

        var status = await stage.Server.StatusAsync();
        await Expect(page.Line("Machine-01")).ToContainTextAsync("Busy");
        await Expect(page.Line("Machine-01")).ToContainTextAsync(status.Resources["Machine-01"].Turn!.RemoteEndPoint!);
        await Expect(page.Line("Machine-01").Locator(".of-line")).ToContainTextAsync("1, ");
        await Expect(page.Line("Machine-04")).ToContainTextAsync("down: tcp 127.0.0.1:1");
        await Expect(page.Line("Machine-05")).ToContainTextAsync("nobody");
        await Expect(page.Page.Locator(".tally")).ToContainTextAsync("4 unavailable");
        await Expect(page.Page.Locator(".listeners tbody tr").First).ToContainTextAsync($":{status.Listeners["Machine-01"].Port}");
        await Expect(page.Page.Locator(".about")).ToContainTextAsync("up ");

        await Expect(page.Resource("Machine-04")).ToHaveCountAsync(0);
        await page.Opener("Machine-04").FocusAsync();
        await page.Page.Keyboard.PressAsync("Enter");
        await Expect(page.Resource("Machine-04").Locator(".alarm time").First).ToContainTextAsync(":");
        await Expect(page.Opener("Machine-04")).ToHaveAttributeAsync("aria-expanded", "true");

        // Whoever reloads it, or gets its address from somebody, sees the same; on a telephone too.
        await page.Page.SetViewportSizeAsync(390, 844);
        await page.Page.ReloadAsync();
        await Expect(page.Resource("Machine-04")).ToBeVisibleAsync();
        Assert.Equal(390, await page.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
        await page.Opener("Machine-04").ClickAsync();
        await Expect(page.Resource("Machine-04")).ToHaveCountAsync(0);
        page.AssertNoComplaints();
    }
}
