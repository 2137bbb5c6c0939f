using System.Net;

namespace SocketSync.EndToEndTests;

/// <summary>
/// Network namespaces, one for each node, with two networks through all of them and the tests' own: on one the nodes find each other
/// and the store, on the other the device and the clients are. Each node can be cut off from the first alone.
/// </summary>
internal sealed class Namespaces : IAsyncDisposable
{
    private const int Root = 254;

    private static int s_next = Environment.ProcessId % 200;

    private readonly int _number = 1 + (Interlocked.Increment(ref s_next) % 200);
    private readonly string[] _names;

    private Namespaces(string[] names) => _names = names;

    private string Peers => $"ssp{_number}";

    private string Devices => $"ssd{_number}";

    /// <summary>Of the store, on the nodes' network.</summary>
    public IPAddress StoreAddress => PeerAddress(Root);

    /// <summary>Of the device, on the other.</summary>
    public IPAddress DeviceAddress => DeviceAddressOf(Root);

    /// <summary>Makes them, which takes the rights of root; without these the test is skipped.</summary>
    public static async Task<Namespaces> MakeAsync(params string[] names)
    {
        Tool.Require("ip");
        var made = new Namespaces(names);
        if (await TryAsync("netns", "add", made.Name(names[0])) is { } refused) Tool.Missing($"no network namespace can be made: {refused}");
        await DoAsync("netns", "del", made.Name(names[0]));
        try
        {
            await made.MakeAsync();
            return made;
        }
        catch
        {
            await made.DisposeAsync();
            throw;
        }
    }

    public ClusterNode Node(string name) => new(name, PeerAddress(Number(name)), DeviceAddressOf(Number(name)))
    {
        Wrapper = ["ip", "netns", "exec", Name(name)],
    };

    /// <summary>From now on what a node sends to the others and to the store is lost, and what they send to it.</summary>
    public Task CutAsync(string node) => DoAsync("link", "set", $"{Peers}-{Number(node)}", "down");

    public Task HealAsync(string node) => DoAsync("link", "set", $"{Peers}-{Number(node)}", "up");

    public async ValueTask DisposeAsync()
    {
        foreach (var name in _names)
        {
            // The pairs of a namespace go with it, but only when the kernel gets round to it.
            await TryAsync("link", "del", $"{Peers}-{Number(name)}");
            await TryAsync("link", "del", $"{Devices}-{Number(name)}");
            await TryAsync("netns", "del", Name(name));
        }

        await TryAsync("link", "del", Peers);
        await TryAsync("link", "del", Devices);
    }

    private async Task MakeAsync()
    {
        foreach (var (network, address) in ((string, IPAddress)[])[(Peers, StoreAddress), (Devices, DeviceAddress)])
        {
            await DoAsync("link", "add", network, "type", "bridge");
            await DoAsync("addr", "add", $"{address}/24", "dev", network);
            await DoAsync("link", "set", network, "up");
        }

        foreach (var name in _names)
        {
            await DoAsync("netns", "add", Name(name));
            await DoAsync("-n", Name(name), "link", "set", "lo", "up");
            await ConnectAsync(name, Peers, PeerAddress(Number(name)));
            await ConnectAsync(name, Devices, DeviceAddressOf(Number(name)));
        }
    }

    private async Task ConnectAsync(string name, string network, IPAddress address)
    {
        var (outside, inside) = ($"{network}-{Number(name)}", $"{network}i");
        await DoAsync("link", "add", outside, "type", "veth", "peer", "name", inside, "netns", Name(name));
        await DoAsync("link", "set", outside, "master", network, "up");
        await DoAsync("-n", Name(name), "addr", "add", $"{address}/24", "dev", inside);
        await DoAsync("-n", Name(name), "link", "set", inside, "up");
    }

    private string Name(string node) => $"socketsync-{_number}-{node}";

    private int Number(string node) => Array.IndexOf(_names, node) + 1;

    private IPAddress PeerAddress(int host) => new([10, 201, (byte)_number, (byte)host]);

    private IPAddress DeviceAddressOf(int host) => new([10, 202, (byte)_number, (byte)host]);

    private static async Task DoAsync(params string[] arguments)
    {
        if (await TryAsync(arguments) is { } refused) Assert.Fail($"ip {string.Join(' ', arguments)}: {refused}");
    }

    // What it said of the failure, if it failed.
    private static async Task<string?> TryAsync(params string[] arguments)
    {
        await using var ip = new ChildProcess("ip", arguments);
        return await ip.ExitAsync(TimeSpan.FromSeconds(10)) == 0 ? null : ip.Log;
    }
}
