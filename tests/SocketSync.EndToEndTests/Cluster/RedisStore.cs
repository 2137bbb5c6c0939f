using System.Net;

namespace SocketSync.EndToEndTests;

/// <summary>A Redis server that appends what is written to a file, and so has it again after a crash.</summary>
internal sealed class RedisStore : ClusterStore
{
    private const int Stopping = 19;
    private const int Continuing = 18;

    private readonly TestFiles _files = new();
    private readonly IPAddress _address;
    private readonly int _port = FreePort.Next();
    private ChildProcess? _process;

    private RedisStore(IPAddress address) => _address = address;

    public override string Setting => $"\"Redis\": \"{_address}:{_port}\"";

    public static async Task<ClusterStore> StartAsync() => await StartAsync(IPAddress.Loopback);

    public static async Task<RedisStore> StartAsync(IPAddress address)
    {
        Tool.Require("redis-server", "redis-cli");
        var store = new RedisStore(address);
        await store.RestartAsync();
        return store;
    }

    public override void Stop() => _process!.Signal(Stopping);

    public override void Continue() => _process!.Signal(Continuing);

    public override async Task KillAsync()
    {
        _process!.Crash();
        await _process.ExitAsync(TimeSpan.FromSeconds(5));
    }

    public override async Task RestartAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        _process = new("redis-server", ["--port", $"{_port}", "--bind", $"{_address}", "--protected-mode", "no", "--dir", _files.Folder, "--save", "", "--appendonly", "yes"]);
        await Poll.UntilAsync(async () => await AskAsync("ping") == "PONG", () => $"it does not answer; it printed:\n{_process.Log}");
    }

    public override async Task EmptyAsync() => Assert.Equal("OK", await AskAsync("flushall"));

    /// <summary>What the server says to a command.</summary>
    public async Task<string> AskAsync(params string[] command)
    {
        await using var client = new ChildProcess("redis-cli", ["-h", $"{_address}", "-p", $"{_port}", .. command]);
        await client.ExitAsync(TimeSpan.FromSeconds(10));
        return string.Join('\n', client.Output);
    }

    public override async ValueTask DisposeAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        _files.Dispose();
    }
}
