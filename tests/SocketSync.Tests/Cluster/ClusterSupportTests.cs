using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace SocketSync.Tests;

/// <summary>A host and the package of the cluster.</summary>
public sealed class ClusterSupportTests
{
    [Fact]
    public void AHostThatIsToBeANodeAndHasNotGotThePackageIsTold()
    {
        var builder = Builder("a");
        builder.AddSocketSync();
        var refusal = Assert.Throws<SocketSyncStartupException>(builder.Build);
        Assert.StartsWith("SocketSync:Cluster:Node: 'a': ", Assert.Single(refusal.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithoutANodeThePackageAddsNothing()
    {
        var builder = Builder(node: null);
        builder.AddSocketSync().AddCluster();
        await using var app = builder.Build();
        Assert.Null(app.Services.GetService<IResourceDirectory>());
    }

    [Fact]
    public async Task ANodeKnowsItsNameBeforeItHasStarted()
    {
        var builder = Builder("a");
        builder.AddSocketSync().AddCluster().AddCluster(); // twice is once
        await using var app = builder.Build();
        Assert.Equal("a", app.Services.GetRequiredService<IResourceDirectory>().Node);
    }

    private static WebApplicationBuilder Builder(string? node)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["SocketSync:Listeners:R:Port"] = "0",
            ["SocketSync:Resources:R:Processor"] = "Echo",
            ["SocketSync:Cluster:Node"] = node,
            ["SocketSync:Cluster:Store:Redis"] = node is null ? null : "127.0.0.1:1",
            ["SocketSync:Cluster:Address"] = node is null ? null : "127.0.0.1",
        });
        return builder;
    }
}
