using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace SocketSync.Benchmarks;

/// <summary>Two nodes of a cluster, of which one owns the only resource, and the Redis by which they find each other.</summary>
internal sealed class NodePair : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Workplace _place = new();
    private readonly List<ServerProcess> _processes = [];

    private NodePair()
    {
    }

    /// <summary>Where the owner takes clients.</summary>
    public int OwnerPort { get; } = FreePort.Next();

    /// <summary>Where the node takes clients that leads them to the owner.</summary>
    public int OtherPort { get; } = FreePort.Next();

    /// <summary>The two nodes.</summary>
    public IReadOnlyList<int> Processes => [.. _processes.Skip(1).Select(static node => node.Id)];

    /// <exception cref="LoadFailureException">They do not serve.</exception>
    public static async Task<NodePair> StartAsync(CancellationToken cancellationToken)
    {
        var nodes = new NodePair();
        try
        {
            var store = FreePort.Next();
            await nodes.RunAsync("Redis", Workplace.Program("redis-server", "--port", Text(store), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", nodes._place.Folder), store, cancellationToken);
            await nodes.RunAsync("owner", nodes.OwnerPort, store, cancellationToken);
            await nodes.RunAsync("other", nodes.OtherPort, store, cancellationToken);
            await nodes.ServesAsync(cancellationToken);
            return nodes;
        }
        catch
        {
            await nodes.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in Enumerable.Reverse(_processes)) await process.DisposeAsync();
        _place.Dispose();
    }

    private Task RunAsync(string name, int port, int store, CancellationToken cancellationToken) => RunAsync(name, Workplace.Server(
        port, "--SocketSync:Resources:Default:Nodes:0=owner", $"--SocketSync:Cluster:Node={name}", "--SocketSync:Cluster:Address=127.0.0.1",
        $"--SocketSync:Cluster:Store:Redis=127.0.0.1:{Text(store)}", $"--SocketSync:Cluster:NodePort={Text(FreePort.Next())}",
        $"--SocketSync:Cluster:ForwardPort={Text(FreePort.Next())}"), port, cancellationToken);

    private async Task RunAsync(string name, ProcessStartInfo start, int port, CancellationToken cancellationToken) =>
        _processes.Add(await ServerProcess.StartAsync(name, start, port, cancellationToken));

    /// <summary>A client of either is answered when the nodes have found each other.</summary>
    private async Task ServesAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        foreach (var port in (int[])[OwnerPort, OtherPort])
        {
            while (await AskAsync(port, limit.Token) is not "?")
                await Task.Delay(100, limit.Token);
        }
    }

    private static async Task<string?> AskAsync(int port, CancellationToken cancellationToken)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
        await client.GetStream().WriteAsync("?\n"u8.ToArray(), cancellationToken);
        using var reader = new StreamReader(client.GetStream());
        return await reader.ReadLineAsync(cancellationToken);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
