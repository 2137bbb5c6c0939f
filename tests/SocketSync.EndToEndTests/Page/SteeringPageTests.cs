using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace SocketSync.EndToEndTests;

[Collection(PageTests.Name)]
public sealed class SteeringPageTests(Browser browser)
{
    private const string Token = "correct-horse-battery";

    private static readonly string WithToken = Settings.Scripted(more: $$"""
        "Admin": { "Token": "{{Token}}" },
        """);

    [Fact]
    public async Task PausesAndResumes()
    {
        await using var server = await ServerProcess.StartTestHostAsync(WithToken);
        using var client = await server.ConnectAsync();
        await using var page = await browser.OpenAsync(server);

        await page.Button("Pause Default").ClickAsync();
        await Expect(page.Dialog).ToContainTextAsync("Pause Default?");
        await Expect(page.Dialog).ToContainTextAsync("refused as busy");
        Assert.Equal("Idle", (await server.StatusAsync()).Resource.State);
        await page.Token.FillAsync(Token);
        await page.Dialog.GetByRole(AriaRole.Button, new() { Name = "Pause" }).ClickAsync();
        await server.WaitForStatusAsync(s => s.Resource.State == "Paused");
        await Expect(page.Resource()).ToContainTextAsync("Paused");
        await Expect(page.Dialog).ToHaveCountAsync(0);
        await TurnTests.WaitInLineAsync(server, client, "waits", 1);

        await Expect(page.Resource().Locator(".waiting li")).ToHaveCountAsync(1);

        // The token was entered once.
        await page.Button("Resume Default").ClickAsync();
        await Expect(page.Dialog).ToContainTextAsync("the 1 in line");
        await Expect(page.Token).ToHaveCountAsync(0);
        await page.Dialog.GetByRole(AriaRole.Button, new() { Name = "Resume" }).ClickAsync();
        Assert.Equal("waits", await client.ReadLineAsync());
        await Expect(page.Resource()).ToContainTextAsync("Idle");

        await page.Button("Forget the token").ClickAsync();
        await page.Button("Pause Default").ClickAsync();
        await Expect(page.Token).ToBeVisibleAsync();
        page.AssertNoComplaints();
        AssertKept(server, page);
    }

    [Fact]
    public async Task ClosesTheClientThatHasTheTurn()
    {
        await using var server = await ServerProcess.StartTestHostAsync(WithToken);
        using var holder = await server.ConnectAsync();
        using var waiter = await server.ConnectAsync();
        await holder.SendAsync("hold key\n");
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        await TurnTests.WaitInLineAsync(server, waiter, "next", 1);
        await using var page = await browser.OpenAsync(server);

        await page.Button($"Close {holder.Socket.LocalEndPoint}").ClickAsync();
        await Expect(page.Dialog).ToContainTextAsync("the turn is cancelled");
        await page.Token.FillAsync(Token);
        await page.Dialog.GetByRole(AriaRole.Button, new() { Name = "Close" }).ClickAsync();
        Assert.StartsWith("ERROR timeout ", await holder.ReadToEndAsync(), StringComparison.Ordinal);
        Assert.Equal("next", await waiter.ReadLineAsync());
        await Expect(page.Clients.GetByRole(AriaRole.Row)).ToHaveCountAsync(2); // its head, and the other one
        page.AssertNoComplaints();
    }

    [Fact]
    public async Task DoesNothingWithAWrongToken()
    {
        await using var server = await ServerProcess.StartTestHostAsync(WithToken);
        await using var page = await browser.OpenAsync(server);
        await page.SteerAsync("Pause Default", "Pause", "wrong-horse-battery");
        await Expect(page.Dialog.GetByRole(AriaRole.Alert)).ToContainTextAsync("not the token of SocketSync:Admin:Token");
        Assert.Equal("Idle", (await server.StatusAsync()).Resource.State);

        await page.Page.Keyboard.PressAsync("Escape");
        await Expect(page.Dialog).ToHaveCountAsync(0);
        Assert.Equal("Idle", (await server.StatusAsync()).Resource.State);
        page.AssertNoComplaints();
        AssertKept(server, page);
    }

    [Fact]
    public async Task SaysWhichKeyTurnsItOn()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Settings.Scripted());
        await using var page = await browser.OpenAsync(server);
        await page.Button("Pause Default").ClickAsync();
        await Expect(page.Dialog.GetByRole(AriaRole.Alert)).ToContainTextAsync("SocketSync:Admin:Token");
        await Expect(page.Token).ToHaveCountAsync(0);
        await page.Dialog.GetByRole(AriaRole.Button, new() { Name = "OK" }).ClickAsync();
        await Expect(page.Dialog).ToHaveCountAsync(0);
        page.AssertNoComplaints();
    }

    [Fact]
    public async Task NeedsNoMouse()
    {
        await using var server = await ServerProcess.StartTestHostAsync(WithToken);
        await using var page = await browser.OpenAsync(server);
        var keyboard = page.Page.Keyboard;
        await PressUntilFocusedAsync(page, page.Button("Pause Default"));
        await keyboard.PressAsync("Enter");
        await Expect(page.Token).ToBeFocusedAsync();
        await keyboard.TypeAsync(Token);
        await keyboard.PressAsync("Enter");
        await server.WaitForStatusAsync(s => s.Resource.State == "Paused");
        await Expect(page.Dialog).ToHaveCountAsync(0);

        await PressUntilFocusedAsync(page, page.Button("Resume Default"));
        await keyboard.PressAsync("Space");
        await PressUntilFocusedAsync(page, page.Dialog.GetByRole(AriaRole.Button, new() { Name = "Resume" }));
        await keyboard.PressAsync("Enter");
        await server.WaitForStatusAsync(s => s.Resource.State == "Idle");
        page.AssertNoComplaints();
    }

    private static async Task PressUntilFocusedAsync(OperatorPage page, ILocator target)
    {
        await target.WaitForAsync();
        for (var i = 0; i < 30; i++)
        {
            if (await target.EvaluateAsync<bool>("element => element === document.activeElement")) return;
            await page.Page.Keyboard.PressAsync("Tab");
        }

        Assert.Fail($"Tab does not come to {target}");
    }

    /// <summary>The token is in no address and no log.</summary>
    private static void AssertKept(ServerProcess server, OperatorPage page)
    {
        Assert.All(page.Asked, url => Assert.DoesNotContain("horse", url.ToString(), StringComparison.Ordinal));
        Assert.DoesNotContain("horse", server.Process.Log, StringComparison.Ordinal);
    }
}
