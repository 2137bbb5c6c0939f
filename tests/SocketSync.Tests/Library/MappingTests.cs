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
    /// <param name="arguments">Where HTTP is to be, in the ways that a host knows.</param>
    [Theory]
    [InlineData("--urls=http://127.0.0.1:0")]
    [InlineData("--urls=http://127.0.0.1:0", "--http_ports=1")]
    [InlineData("--Kestrel:Endpoints:Http:Url=http://127.0.0.1:0")]
    public async Task ADevelopersHostStartsWithoutAWarning(params string[] arguments)
    {
        var logs = new RecordingLogs();
        // There the container checks all of its services when it is built.
        var builder = WebApplication.CreateBuilder(["--environment=Development", "--SocketSync:Listeners:Default:Port=0", .. arguments]);
        builder.Logging.ClearProviders().AddProvider(logs);
        builder.AddSocketSync().AddProcessor<Nothing, NoSettings>("Nothing").AddDashboard().AddMetricsEndpoint().AddCluster();
        await using var app = builder.Build();
        app.MapSocketSync();
        await app.StartAsync(TestContext.Current.CancellationToken);
        Assert.Empty(logs.Of(LogLevel.Warning).Concat(logs.Of(LogLevel.Error)).Select(line => line.Text));
        await app.StopAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Each package by itself, too.</summary>
    [Fact]
    public async Task TheLibraryAloneStartsAtADevelopers()
    {
        var builder = WebApplication.CreateBuilder(["--environment=Development", "--urls=http://127.0.0.1:0", "--SocketSync:Listeners:Default:Port=0"]);
        builder.Logging.ClearProviders();
        builder.AddSocketSync();
        await using var app = builder.Build();
        app.MapSocketSync();
        await app.StartAsync(TestContext.Current.CancellationToken);
        await app.StopAsync(TestContext.Current.CancellationToken);
    }

    private sealed class Nothing : IRequestProcessor
    {
        public ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }

    private sealed class NoSettings;

    private static async Task<HttpStatusCode> StatusAsync(WebApplication app, string path, string host)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"http://{host}{path}"));
        using var response = await app.GetTestClient().SendAsync(request, TestContext.Current.CancellationToken);
        return response.StatusCode;
    }
}
