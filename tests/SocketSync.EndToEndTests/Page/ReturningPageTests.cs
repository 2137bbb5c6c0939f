using System.Diagnostics;
using static Microsoft.Playwright.Assertions;

namespace SocketSync.EndToEndTests;

[Collection(PageTests.Name)]
public sealed class ReturningPageTests(Browser browser)
{
    [Fact]
    public async Task SaysThatTheServerIsGoneAndComesBackWithTheNextOne()
    {
        var port = FreePort.Next();
        await using var page = await browser.OpenBlankAsync();
        await using (var server = await ServerProcess.StartAsync(Settings.EchoLines, httpPort: port))
        {
            await page.GoAsync(server);
            await Expect(page.Notice).ToBeHiddenAsync();
            server.Process.Crash();
            await Expect(page.Notice).ToContainTextAsync("The server is gone.");
            await Expect(page.Page.Locator(".offline")).ToBeVisibleAsync();
        }

        await using var next = await ServerProcess.StartAsync(Settings.EchoLines, httpPort: port);
        await Expect(page.Notice).ToBeHiddenAsync();
        using var client = await next.ConnectAsync();
        await Expect(page.Clients).ToContainTextAsync($"{client.Socket.LocalEndPoint}");
    }

    [Fact]
    public async Task HoldsNoStopUp()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Settings.Scripted());
        await using var page = await browser.OpenAsync(server);
        using var client = await server.ConnectAsync();
        await client.SendAsync("hold key\n");
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);

        server.Process.Terminate();
        await Expect(page.Notice).ToContainTextAsync("The server is stopping.");
        Assert.NotNull((await server.StatusAsync()).Resource.Turn); // HTTP is there until the drain is over
        await server.ReleaseAsync("key");
        Assert.Equal("hold key\n", await client.ReadToEndAsync());
        var watch = Stopwatch.StartNew();
        Assert.Equal(0, await server.Process.ExitAsync(TimeSpan.FromSeconds(10)));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"it took {watch.Elapsed}");
    }
}
