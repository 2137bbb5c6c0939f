using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SocketSync.Tests;

/// <summary>The page in a host of somebody's own.</summary>
public class PageMappingTests
{
    [Fact]
    public async Task LeavesTheHostItsOwnPage()
    {
        await using var app = await StartAsync(app =>
        {
            app.MapGet("/", () => "mine");
            app.MapSocketSync();
        });
        Assert.Equal("mine", await GetAsync(app, "/"));
    }

    [Theory]
    [InlineData("", "/", "/")]
    [InlineData("/sync", "/sync", "/sync/")]
    [InlineData("/sync", "/sync/", "/sync/")]
    [InlineData("/a/b", "/a/b", "/a/b/")]
    public async Task IsWholeWhereverItIsMapped(string group, string path, string home)
    {
        await using var app = await StartAsync(app => app.MapGroup(group).MapSocketSync());
        Assert.Contains($"<base href=\"{home}\"", await GetAsync(app, path), StringComparison.Ordinal);
        foreach (var file in new[] { "blazor.server.js", "MudBlazor.min.css", "MudBlazor.min.js", "operator.js", "operator.css", "theme.js", "opened.js", "icon.svg" })
            Assert.NotEmpty(await GetAsync(app, $"{home}_page/{file}"));
        Assert.Empty(await GetAsync(app, $"{home}_page/hub"));
    }

    [Fact]
    public async Task AddedTwiceItIsThereOnce()
    {
        await using var app = await StartAsync(app => app.MapSocketSync(), builder => builder.AddDashboard().AddDashboard());
        Assert.Contains("<title>SocketSync</title>", await GetAsync(app, "/"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TakesNothingButPages()
    {
        await using var app = await StartAsync(app => app.MapSocketSync());
        using var http = new HttpClient { BaseAddress = new(Address(app)) };
        Assert.Equal(HttpStatusCode.NotFound, await PostAsync("/_page/hub/negotiate?negotiateVersion=1", 0));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, await PostAsync("/", 0));
        Assert.Equal(HttpStatusCode.BadRequest, await PostAsync("/_blazor/disconnect", 0));
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(new Uri("/_page/PageAdmission.cs", UriKind.Relative), TestContext.Current.CancellationToken)).StatusCode);

        async Task<HttpStatusCode> PostAsync(string path, int bytes)
        {
            using var body = new FormUrlEncodedContent([new("circuitId", new string('x', bytes))]);
            using var answer = await http.PostAsync(new Uri(path, UriKind.Relative), body, TestContext.Current.CancellationToken);
            return answer.StatusCode;
        }
    }

    private static async Task<WebApplication> StartAsync(Action<WebApplication> map, Func<SocketSyncBuilder, SocketSyncBuilder>? add = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration["SocketSync:Listeners:Default:Port"] = "0";
        builder.Configuration["urls"] = "http://127.0.0.1:0";
        builder.Logging.ClearProviders();
        (add ?? DashboardExtensions.AddDashboard)(builder.AddSocketSync());
        var app = builder.Build();
        map(app);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }

    /// <summary>The listeners are among the addresses, after HTTP.</summary>
    private static string Address(WebApplication app) =>
        app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    private static async Task<string> GetAsync(WebApplication app, string path)
    {
        using var http = new HttpClient();
        using var answer = await http.GetAsync(new Uri(Address(app) + path), TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {answer.StatusCode}");
        return await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }
}
