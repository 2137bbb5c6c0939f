using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace SocketSync.Tests;

/// <summary>Nodes in this process, which reach each other by calls; who owns what is the test's to say.</summary>
internal sealed class NodeBench : IAsyncDisposable
{
    public const string Token = "correct-horse-battery";

    private long _epoch;

    public Dictionary<string, BenchNode> Nodes { get; } = new(StringComparer.Ordinal);

    public BenchNode this[string node] => Nodes[node];

    /// <summary>Starts nodes by these names, each with the resources Bench, which any may own, and Lathe, which only a may.</summary>
    public static async Task<NodeBench> StartAsync(params string[] names)
    {
        var bench = new NodeBench();
        foreach (var name in names)
            bench.Nodes.Add(name, await BenchNode.StartAsync(name, new FakeView(bench, name)));
        return bench;
    }

    /// <summary>Which node owns a resource.</summary>
    public string? OwnerOf(string resource) => Nodes.FirstOrDefault(node => node.Value.Topology.Resources[resource].IsServedHere).Key;

    /// <summary>Lets a node own a resource from now on; whoever did so has ended its term.</summary>
    public async Task<long> OwnAsync(string node, string resource)
    {
        await EndAsync(resource);
        this[node].Terms.Begin(resource, new BenchTerm(++_epoch));
        return _epoch;
    }

    public async Task EndAsync(string resource)
    {
        foreach (var node in Nodes.Values)
            await node.Terms.EndAsync(resource, TimeSpan.FromSeconds(5));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes.Values)
            await node.DisposeAsync();
    }

    private sealed class BenchTerm(long epoch) : Term
    {
        public override long Epoch => epoch;

        public override bool IsValid => true;
    }
}

/// <summary>Leads clients to the owner.</summary>
internal sealed class FakeDirectory(NodeBench bench, string name) : IResourceDirectory
{
    public string Node => name;

    public ValueTask<ResourcePlace> FindAsync(string resource, CancellationToken cancellationToken) => new(bench.OwnerOf(resource) switch
    {
        null => ResourcePlace.Nowhere.Instance,
        var owner when owner == name => new ResourcePlace.Here(CancellationToken.None),
        var owner => new ResourcePlace.Elsewhere(owner, new(IPAddress.Loopback, bench[owner].ForwardPort), CancellationToken.None),
    });

    public void Forget(string resource, ResourcePlace.Elsewhere place)
    {
    }
}

/// <summary>How a node reaches the others: by calling them, unless they are stopped or gone.</summary>
internal sealed class FakeView(NodeBench bench, string name) : IClusterView
{
    public FakeDirectory Directory { get; } = new(bench, name);

    public string Node => name;

    public bool HasJoined { get; set; } = true;

    /// <summary>What this node has moved; <see cref="Refusal"/> is the answer.</summary>
    public List<(string Resource, string Node)> Moved { get; } = [];

    public string? Refusal { get; set; }

    /// <summary>The nodes that do not answer.</summary>
    public HashSet<string> Stopped { get; } = [];

    public HashSet<string> Gone { get; } = [];

    public IReadOnlyCollection<NodeMember> Members =>
        [.. bench.Nodes.Keys.Select(node => new NodeMember(node, Gone.Contains(node) ? MemberState.Gone : MemberState.Up))];

    public async Task<string> AskAsync(string node, string question, string argument, CancellationToken cancellationToken)
    {
        if (Stopped.Contains(node))
            await Task.Delay(Timeout.Infinite, cancellationToken);
        return bench[node].Local.Answer(question, argument);
    }

    public async IAsyncEnumerable<string> ReadAsync(string node, string feed, string argument, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var batch in bench[node].Local.Read(feed, argument, cancellationToken))
            yield return batch;
    }

    public Task<string?> MoveAsync(string resource, string node, CancellationToken cancellationToken)
    {
        Moved.Add((resource, node));
        return Task.FromResult(Refusal);
    }
}

/// <summary>One server with everything but Orleans.</summary>
internal sealed class BenchNode : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HttpClient _http;

    private BenchNode(WebApplication app, FakeView view)
    {
        (_app, View) = (app, view);
        _http = new HttpClient { BaseAddress = new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()) };
    }

    public FakeView View { get; }

    public int ForwardPort => Services.GetRequiredService<SocketSyncOptions>().Cluster.ForwardPort;

    public IServiceProvider Services => _app.Services;

    public LocalNode Local => Services.GetRequiredService<LocalNode>();

    public ClusterNodes Cluster => Services.GetRequiredService<ClusterNodes>();

    public ResourceTerms Terms => Services.GetRequiredService<ResourceTerms>();

    public Topology Topology => Services.GetRequiredService<Topology>();

    public TurnFeed Turns => Services.GetRequiredService<TurnFeed>();

    public static async Task<BenchNode> StartAsync(string name, FakeView view)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrel();
        builder.Services.AddRouting();
        builder.Configuration.AddInMemoryCollection(ConfigurationText.HostKeys(
            $"urls=http://127.0.0.1:0 SocketSync:Cluster:Node={name} SocketSync:Cluster:Store:Redis=localhost:1 SocketSync:Cluster:Address=127.0.0.1 "
            + $"SocketSync:Cluster:ForwardPort={FreePort.Next()} SocketSync:Admin:Token={NodeBench.Token} "
            + "SocketSync:Listeners:Bench:Port=0 SocketSync:Listeners:Lathe:Port=0 "
            + "SocketSync:Resources:Bench:Processor=Held SocketSync:Resources:Bench:Protocol:Name=Line "
            + "SocketSync:Resources:Lathe:Processor=Echo SocketSync:Resources:Lathe:Protocol:Name=Line SocketSync:Resources:Lathe:Nodes:0=a"));
        builder.AddSocketSync().AddProcessor<LineByLine>("Held");
        builder.Services.AddSingleton<IResourceDirectory>(view.Directory);
        builder.Services.AddClusterView(_ => view);
        var app = builder.Build();
        app.Services.GetRequiredService<ForwardSecret>().Set(new byte[ForwardSecret.Length]);
        app.MapSocketSync();
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new(app, view);
    }

    public async Task<JsonElement> StatusAsync() => await GetAsync("/api/status");

    public async Task<JsonElement> ResourceAsync(string name) => (await StatusAsync()).GetProperty("resources").GetProperty(name);

    public async Task<JsonElement> GetAsync(string path)
    {
        using var document = JsonDocument.Parse(await _http.GetStringAsync(path, TestContext.Current.CancellationToken));
        return document.RootElement.Clone();
    }

    /// <summary>Readiness: the code, and the entries.</summary>
    public async Task<(int Code, JsonElement Resources)> ReadyAsync()
    {
        using var answer = await _http.GetAsync("/health/ready", TestContext.Current.CancellationToken);
        using var document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        return ((int)answer.StatusCode, document.RootElement.GetProperty("resources").Clone());
    }

    /// <summary>An operator's request: the code, and the sentence of the answer.</summary>
    public async Task<(int Code, string? Why)> SteerAsync(HttpMethod method, string path, string? token = NodeBench.Token)
    {
        using var request = new HttpRequestMessage(method, path);
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var answer = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        var body = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        if (body.Length == 0)
            return ((int)answer.StatusCode, null);
        using var problem = JsonDocument.Parse(body);
        return ((int)answer.StatusCode, problem.RootElement.GetProperty("detail").GetString());
    }

    public Task<(int Code, string? Why)> PostAsync(string path) => SteerAsync(HttpMethod.Post, path);

    /// <summary>Opens a stream of events.</summary>
    public async Task<BenchEvents> ListenAsync(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", NodeBench.Token);
        var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        return new(answer, await answer.EnsureSuccessStatusCode().Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
    }

    public async Task<BenchClient> ConnectAsync(string listener = "Bench")
    {
        var client = new TcpClient(AddressFamily.InterNetwork);
        await client.ConnectAsync("127.0.0.1", Topology.Bound.EndPoints.First(endPoint => endPoint.Name == listener).Port!.Value, TestContext.Current.CancellationToken);
        return new(client);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
    }

    /// <summary>Answers each line but those that are to be held until their turn is cancelled.</summary>
    private sealed class LineByLine : IRequestProcessor
    {
        public async ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken)
        {
            if (context.Request.FirstSpan.StartsWith("hold"u8))
                await Task.Delay(Timeout.Infinite, cancellationToken);
            foreach (var segment in context.Request)
                System.Buffers.BuffersExtensions.Write(context.Reply, segment.Span);
        }
    }
}

internal sealed class BenchClient(TcpClient client) : IDisposable
{
    private readonly StreamReader _lines = new(client.GetStream());

    public string LocalEndPoint { get; } = client.Client.LocalEndPoint!.ToString()!;

    public async Task SendAsync(string line) =>
        await client.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes(line + "\n"), TestContext.Current.CancellationToken);

    public async Task<string?> ReadAsync() =>
        await _lines.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);

    public async Task<string?> AskAsync(string line)
    {
        await SendAsync(line);
        return await ReadAsync();
    }

    public void Dispose() => client.Dispose();
}

/// <summary>One who reads server-sent events.</summary>
internal sealed class BenchEvents(HttpResponseMessage answer, Stream stream) : IDisposable
{
    private readonly StreamReader _lines = new(stream);

    public async Task<JsonElement> NextAsync()
    {
        while (true)
        {
            var line = await _lines.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
            Assert.NotNull(line);
            if (!line.StartsWith("data: ", StringComparison.Ordinal))
                continue;
            using var document = JsonDocument.Parse(line["data: ".Length..]);
            return document.RootElement.Clone();
        }
    }

    public void Dispose()
    {
        _lines.Dispose();
        answer.Dispose();
    }
}
