using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SocketSync.Tests;

/// <summary>Which node owns which resource, as the test says; all nodes of a test know the same.</summary>
internal sealed class FakePlaces
{
    private readonly ConcurrentDictionary<string, Ownership> _owners = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, IPEndPoint> _nodes = new(StringComparer.Ordinal);

    public ConcurrentBag<string> Forgotten { get; } = [];

    public void Add(string node, IPEndPoint forward) => _nodes[node] = forward;

    public Ownership? OwnerOf(string resource) => _owners.GetValueOrDefault(resource);

    /// <summary>From now on the node is told to own it; nobody is reset by that.</summary>
    public Ownership Own(string resource, string node) => _owners[resource] = new Ownership(node);

    public void Disown(string resource) => _owners.TryRemove(resource, out _);

    public IResourceDirectory SeenFrom(string node) => new Directory(this, node);

    internal sealed record Ownership(string Node)
    {
        public CancellationTokenSource Lost { get; } = new();
    }

    private sealed class Directory(FakePlaces places, string node) : IResourceDirectory
    {
        public string Node => node;

        public async ValueTask<ResourcePlace> FindAsync(string resource, CancellationToken cancellationToken)
        {
            Ownership? owner;
            while ((owner = places.OwnerOf(resource)) is null)
                await Task.Delay(2, cancellationToken);
            return owner.Node == node ? new ResourcePlace.Here(owner.Lost.Token)
                : owner.Node.Length == 0 ? ResourcePlace.Nowhere.Instance
                : new ResourcePlace.Elsewhere(owner.Node, places._nodes[owner.Node], owner.Lost.Token);
        }

        public void Forget(string resource, ResourcePlace.Elsewhere place) => places.Forgotten.Add(place.Node);
    }
}

internal sealed class FakeTerm(long epoch) : Term
{
    private volatile bool _isOver;

    public override long Epoch => epoch;

    public override bool IsValid => !_isOver;

    public void End() => _isOver = true;
}

/// <summary>A node: a real host on Kestrel, with a directory that the test writes.</summary>
internal sealed class ForwardNode : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly FakePlaces _places;
    private readonly Dictionary<string, FakeTerm> _terms = new(StringComparer.Ordinal);
    private long _epoch;

    private ForwardNode(WebApplication app, string name, FakePlaces places, RecordingLogs logs) => (_app, Name, _places, Logs) = (app, name, places, logs);

    public string Name { get; }

    public RecordingLogs Logs { get; }

    public Topology Topology => _app.Services.GetRequiredService<Topology>();

    public TurnGate GateOf(string resource) => Topology.Resources[resource].Gate;

    public ResourceTerms Terms => _app.Services.GetRequiredService<ResourceTerms>();

    public IPEndPoint Forward => (IPEndPoint)Topology.Bound.EndPoints.Single(endPoint => endPoint.IsForward).LocalEndPoints[0];

    public int PortOf(string listener) => Topology.Bound.EndPoints.Single(endPoint => endPoint.Name == listener).Port!.Value;

    public static async Task<ForwardNode> StartAsync(
        string name, FakePlaces places, string settings, Action<ProcessorCatalog>? processors = null, string cluster = "", int? forwardPort = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        var logs = new RecordingLogs();
        builder.Logging.AddProvider(logs).SetMinimumLevel(LogLevel.Information);
        using var json = new MemoryStream(System.Text.Encoding.UTF8.GetBytes($$"""
            { "urls": "http://127.0.0.1:0", "SocketSync": {
              "Cluster": { "Node": "{{name}}", "Store": { "Redis": "nowhere" }, "Address": "127.0.0.1", "ForwardPort": {{forwardPort ?? TestPorts.Free()}} {{(cluster.Length > 0 ? $", {cluster}" : "")}} },
              {{settings}} } }
            """));
        builder.Configuration.AddJsonStream(json);
        builder.WebHost.UseKestrelCore();
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton(places.SeenFrom(name));
        builder.AddSocketSync();
        processors?.Invoke((ProcessorCatalog)builder.Services.Single(service => service.ServiceType == typeof(ProcessorCatalog)).ImplementationInstance!);
        var app = builder.Build();
        try
        {
            app.Services.GetRequiredService<ForwardSecret>().Set(new byte[ForwardSecret.Length]);
            await app.StartAsync();
            var node = new ForwardNode(app, name, places, logs);
            places.Add(name, node.Forward);
            return node;
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    /// <summary>This node owns the resource from now on, and everybody knows.</summary>
    public void Own(string resource, long? epoch = null)
    {
        var term = _terms[resource] = new FakeTerm(epoch ?? ++_epoch);
        Terms.Begin(resource, term);
        _places.Own(resource, Name);
    }

    /// <summary>Gives the resource up in order: nobody owns it until another does.</summary>
    public async Task GiveUpAsync(string resource)
    {
        _places.Disown(resource);
        await Terms.DrainAsync(resource, TimeSpan.FromSeconds(5));
        _terms[resource].End();
        Assert.True(await Terms.EndAsync(resource, TimeSpan.FromSeconds(5)));
    }

    /// <summary>Loses the resource at once: its clients are reset.</summary>
    public async Task LoseAsync(string resource)
    {
        var owner = _places.OwnerOf(resource);
        _places.Disown(resource);
        _terms[resource].End();
        await owner!.Lost.CancelAsync();
        Terms.Cancel(resource);
        await Terms.EndAsync(resource, TimeSpan.FromSeconds(5));
    }

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
