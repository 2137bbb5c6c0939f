using Microsoft.Playwright;

namespace SocketSync.EndToEndTests;

/// <summary>Debian's Chromium, one for all tests of the page; each gets a profile of its own.</summary>
public sealed class Browser : IAsyncLifetime
{
    private const string Chromium = "/usr/bin/chromium";

    // Nothing but the page under test is to be asked for anything.
    private static readonly string[] Arguments =
    [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync",
    ];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async ValueTask InitializeAsync()
    {
        if (!File.Exists(Chromium))
            return; // A test says so, where it opens a page.
        Assertions.SetDefaultExpectTimeout((float)Poll.Bound.TotalMilliseconds);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = Chromium, Args = Arguments });
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null) await _browser.DisposeAsync();
        _playwright?.Dispose();
    }

    /// <summary>Opens the operator's page of a server, and waits until it shows something.</summary>
    internal async Task<OperatorPage> OpenAsync(ServerProcess server, int width = 1280, ColorScheme scheme = ColorScheme.Light)
    {
        var page = await OpenBlankAsync(width, scheme);
        await page.GoAsync(server);
        return page;
    }

    internal async Task<OperatorPage> OpenBlankAsync(int width = 1280, ColorScheme scheme = ColorScheme.Light)
    {
        Tool.Require(Chromium);
        var context = await _browser!.NewContextAsync(new()
        {
            ViewportSize = new() { Width = width, Height = width < 600 ? 844 : 900 },
            ColorScheme = scheme,
            ReducedMotion = ReducedMotion.Reduce,
        });
        return new OperatorPage(context, await context.NewPageAsync());
    }
}

/// <summary>They share the browser.</summary>
[CollectionDefinition(Name)]
public sealed class PageTests : ICollectionFixture<Browser>
{
    public const string Name = "page";
}
