using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SocketSync.Tests;

/// <summary>What MapSocketSync maps takes the conventions of the host, and nothing else does.</summary>
public sealed class MappingTests
{
    [Fact]
    public async Task ConventionsHoldForAllOfIt()
    {
        var builder = LibraryHost.Create(sync => sync.AddDashboard().AddMetricsEndpoint(), "Listeners:Default:Port=0");
        await using var app = builder.Build();
        app.MapSocketSync().RequireHost("ops.example");
        app.MapGet("/mine", () => "mine");
        await app.StartAsync(TestContext.Current.CancellationToken);
        foreach (var path in new[] { "/", "/api/status", "/health/ready", "/health/live", "/metrics", "/_page/operator.js" })
        {
            Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(app, path, "localhost"));
            Assert.Equal(HttpStatusCode.OK, await StatusAsync(app, path, "ops.example"));
        }

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(app, "/mine", "localhost"));
    }

    [Fact]
    public void WithoutTheServicesItSaysWhatIsMissing()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddRouting();
        builder.WebHost.UseTestServer();
        var app = builder.Build();
        Assert.Contains("builder.AddSocketSync()", Assert.Throws<InvalidOperationException>(() => app.MapSocketSync()).Message, StringComparison.Ordinal);
    }

    /// <summary>As in a project of one's own, with addresses in the environment and everything else by default.</summary>
    [Fact]
    public async Task KestrelWarnsOfNothing()
    {
        var logs = new RecordingLogs();
        var builder = WebApplication.CreateBuilder();
        builder.Configuration["urls"] = "http://127.0.0.1:0";
        builder.Configuration["SocketSync:Listeners:Default:Port"] = "0";
        builder.Logging.ClearProviders().AddProvider(logs);
        builder.AddSocketSync();
        await using var app = builder.Build();
        app.MapSocketSync();
        await app.StartAsync(TestContext.Current.CancellationToken);
        Assert.Empty(logs.Of(LogLevel.Warning).Concat(logs.Of(LogLevel.Error)).Select(line => line.Text));
        await app.StopAsync(TestContext.Current.CancellationToken);
    }

    private static async Task<HttpStatusCode> StatusAsync(WebApplication app, string path, string host)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"http://{host}{path}"));
        using var response = await app.GetTestClient().SendAsync(request, TestContext.Current.CancellationToken);
        return response.StatusCode;
    }
}
