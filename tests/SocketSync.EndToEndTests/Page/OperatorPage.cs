using System.Collections.Concurrent;
using Microsoft.Playwright;

namespace SocketSync.EndToEndTests;

/// <summary>The page in a browser, found by what a user sees or hears of it.</summary>
internal sealed class OperatorPage : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private readonly ConcurrentQueue<string> _complaints = new();

    public OperatorPage(IBrowserContext context, IPage page)
    {
        _context = context;
        Page = page;
        page.SetDefaultTimeout((float)Poll.Bound.TotalMilliseconds);
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning") _complaints.Enqueue($"{message.Type}: {message.Text}");
        };
        page.PageError += (_, error) => _complaints.Enqueue(error);
        page.Request += (_, request) => Asked.Enqueue(new Uri(request.Url));
    }

    public IPage Page { get; }

    /// <summary>Everything the browser has asked for.</summary>
    public ConcurrentQueue<Uri> Asked { get; } = new();

    public ILocator Notice => Page.Locator("#notice");

    public ILocator Dialog => Page.GetByRole(AriaRole.Dialog);

    public ILocator Token => Dialog.GetByLabel("Token");

    public ILocator Clients => Page.GetByRole(AriaRole.Region, new() { Name = "Clients" });

    public ILocator Resource(string name = "Default") => Page.GetByRole(AriaRole.Region, new() { Name = name, Exact = true });

    /// <summary>A resource's line in the overview, which is there where resources are several.</summary>
    public ILocator Line(string name) => Page.Locator($"tr[data-line='{name}']");

    /// <summary>What shows and hides a resource's details.</summary>
    public ILocator Opener(string name) => Line(name).GetByRole(AriaRole.Button);

    public ILocator Button(string name) => Page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    public async Task GoAsync(ServerProcess server)
    {
        await Page.GotoAsync(server.Http.BaseAddress!.ToString());
        await Clients.WaitForAsync();
    }

    /// <summary>Presses what opens the dialog, enters a token if one is given, and confirms.</summary>
    public async Task SteerAsync(string button, string verb, string? token = null)
    {
        await Button(button).ClickAsync();
        if (token is not null) await Token.FillAsync(token);
        await Dialog.GetByRole(AriaRole.Button, new() { Name = verb }).ClickAsync();
    }

    /// <summary>The browser has found nothing wrong: no failed script, nothing that the content security policy forbids.</summary>
    public void AssertNoComplaints() => Assert.Empty(_complaints);

    public ValueTask DisposeAsync() => _context.DisposeAsync();
}
