using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SocketSync.Tests;

/// <summary>By which names HTTP may be asked.</summary>
public sealed class HostNamesTests
{
    [Theory]
    [InlineData(null, "127.0.0.1", "localhost:8080", true)]
    [InlineData(null, "127.0.0.1", "LOCALHOST", true)]
    [InlineData(null, "127.0.0.1", "127.0.0.1:8080", true)]
    [InlineData(null, "127.0.0.1", "127.3.2.1", true)]
    [InlineData(null, "::1", "[::1]:8080", true)]
    [InlineData(null, "::ffff:127.0.0.1", "localhost", true)]
    [InlineData(null, "127.0.0.1", "", true)] // HTTP/1.0
    [InlineData(null, "127.0.0.1", "rebound.example:8080", false)]
    [InlineData(null, "::1", "rebound.example", false)]
    [InlineData(null, "127.0.0.2", "rebound.example", false)]
    [InlineData(null, "::ffff:127.0.0.1", "rebound.example", false)]
    [InlineData(null, "127.0.0.1", "localhost.example", false)]
    [InlineData(null, "127.0.0.1", "127.0.0.1.example", false)]
    [InlineData(null, "127.0.0.1", "192.0.2.1", false)]
    [InlineData("", "127.0.0.1", "rebound.example", false)]
    [InlineData(null, "192.0.2.1", "any.example", true)] // the image
    [InlineData(null, null, "any", true)] // a Unix socket
    [InlineData("*", "127.0.0.1", "any.example", true)]
    [InlineData("a.example;*", "127.0.0.1", "any.example", true)]
    [InlineData("ops.example; *.plant.example", "127.0.0.1", "ops.example", true)]
    [InlineData("ops.example; *.plant.example", "127.0.0.1", "OPS.example:8080", true)]
    [InlineData("ops.example; *.plant.example", "192.0.2.1", "a.b.plant.example", true)]
    [InlineData("ops.example; *.plant.example", "192.0.2.1", "plant.example", false)]
    [InlineData("ops.example; *.plant.example", "127.0.0.1", "localhost", false)]
    [InlineData("ops.example; *.plant.example", "192.0.2.1", "rebound.example", false)]
    [InlineData("b\u00fcro.example", "192.0.2.1", "xn--bro-hoa.example", true)]
    public void AnAddressAnswersToItsNames(string? allowed, string? local, string host, bool may)
    {
        var names = new HostNames(new ConfigurationBuilder().AddInMemoryCollection([new(HostNames.Key, allowed)]).Build());
        var context = new DefaultHttpContext();
        context.Connection.LocalIpAddress = local is null ? null : IPAddress.Parse(local);
        context.Request.Host = new HostString(host);
        Assert.Equal(may, names.MayAsk(context));
        Assert.Equal(may, names.MayAsk(context));
    }

    [Fact]
    public void AChangeOfTheConfigurationHolds()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection().Build();
        var names = new HostNames(configuration);
        var context = new DefaultHttpContext();
        context.Connection.LocalIpAddress = IPAddress.Loopback;
        context.Request.Host = new HostString("ops.example");
        Assert.False(names.MayAsk(context));
        configuration[HostNames.Key] = "ops.example";
        Assert.True(names.MayAsk(context));
        configuration[HostNames.Key] = null;
        Assert.False(names.MayAsk(context));
    }

    [Fact]
    public async Task InAHostOfOnesOwnOnlyWhatIsMappedIsGuarded()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration["SocketSync:Listeners:Default:Port"] = "0";
        builder.Configuration["urls"] = "http://127.0.0.1:0";
        builder.Logging.ClearProviders();
        builder.AddSocketSync().AddDashboard().AddMetricsEndpoint();
        await using var app = builder.Build();
        app.MapGroup("/sync").MapSocketSync();
        app.MapGet("/mine", () => "mine");
        await app.StartAsync(TestContext.Current.CancellationToken);
        using var http = new HttpClient { BaseAddress = new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()) };

        foreach (var path in new[] { "/sync/", "/sync/_page/operator.js", "/sync/_page/hub", "/sync/api/status", "/sync/api/connections", "/sync/api/events", "/sync/metrics" })
        {
            var (status, body) = await AskAsync(path, "rebound.example");
            Assert.Equal(HttpStatusCode.BadRequest, status);
            Assert.Contains("AllowedHosts", body, StringComparison.Ordinal);
        }

        Assert.Equal((HttpStatusCode.OK, "mine"), await AskAsync("/mine", "rebound.example"));

        // A probe may come by any name, and is told no more than it needs.
        Assert.Equal((HttpStatusCode.OK, "Healthy"), await AskAsync("/sync/health/live", "rebound.example"));
        Assert.Equal((HttpStatusCode.OK, """{"status":"Healthy","resources":{}}"""), await AskAsync("/sync/health/ready", "rebound.example"));
        Assert.Equal((HttpStatusCode.OK, """{"status":"Healthy","resources":{}}"""), await AskAsync("/sync/health/ready/default", "rebound.example"));
        Assert.Equal(
            (HttpStatusCode.OK, """{"status":"Healthy","resources":{"Default":{"status":"Healthy","description":null}}}"""),
            await AskAsync("/sync/health/ready/default", "localhost"));
        Assert.Equal(HttpStatusCode.OK, (await AskAsync("/sync/api/status", "localhost")).Status);

        async Task<(HttpStatusCode Status, string Body)> AskAsync(string path, string host)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Host = host } };
            using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }
    }
}
