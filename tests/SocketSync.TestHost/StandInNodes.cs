using System.Net;

namespace SocketSync.TestHost;

/// <summary>
/// Stands in for the cluster, where a test or a measurement is about what a node does for a client: one node owns all resources, as the
/// section <c>TestNodes</c> says (<c>Owner</c> is its name, <c>Forward</c> where it takes the clients of others).
/// </summary>
internal static class StandInNodes
{
    public static bool AddIfAsked(WebApplicationBuilder builder)
    {
        if (builder.Configuration["TestNodes:Owner"] is not { } owner)
            return false;
        var node = builder.Configuration["SocketSync:Cluster:Node"]!;
        builder.Services.AddSingleton<IResourceDirectory>(new Directory(node, owner, IPEndPoint.Parse(builder.Configuration["TestNodes:Forward"]!)));
        return true;
    }

    public static void BeginIfAsked(WebApplication app)
    {
        if (app.Services.GetService<IResourceDirectory>() is not Directory directory)
            return;
        app.Services.GetRequiredService<ForwardSecret>().Set(new byte[ForwardSecret.Length]);
        if (directory.OwnsAll)
            app.Lifetime.ApplicationStarted.Register(() =>
            {
                foreach (var resource in app.Services.GetRequiredService<Topology>().Resources.Keys)
                    app.Services.GetRequiredService<ResourceTerms>().Begin(resource, new Endless());
            });
    }

    private sealed class Directory(string node, string owner, IPEndPoint forward) : IResourceDirectory
    {
        public bool OwnsAll => node == owner;

        public string Node => node;

        public ValueTask<ResourcePlace> FindAsync(string resource, CancellationToken cancellationToken) =>
            new(OwnsAll ? new ResourcePlace.Here(CancellationToken.None) : new ResourcePlace.Elsewhere(owner, forward, CancellationToken.None));

        public void Forget(string resource, ResourcePlace.Elsewhere place)
        {
        }
    }

    private sealed class Endless : Term
    {
        public override long Epoch => 1;

        public override bool IsValid => true;
    }
}
