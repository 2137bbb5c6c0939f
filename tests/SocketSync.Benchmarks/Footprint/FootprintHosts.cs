using System.CommandLine;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;

namespace SocketSync.Benchmarks;

/// <summary>The hosts that <c>footprint</c> starts from this program itself.</summary>
internal static class FootprintHosts
{
    public const string Empty = "empty-web";
    public const string Blocked = "blocked-host";

    public static IEnumerable<Command> Create()
    {
        yield return Host(Empty, RunEmptyAsync);
        yield return Host(Blocked, RunBlockedAsync);
    }

    private static Command Host(string name, Func<int, Task> run)
    {
        var http = new Option<int>("--http") { Required = true };
        var command = new Command(name) { Hidden = true, Options = { http } };
        command.SetAction((parsed, _) => run(parsed.GetValue(http)));
        return command;
    }

    private static async Task RunEmptyAsync(int http)
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseUrls($"http://127.0.0.1:{http}");
        await using var app = builder.Build();
        app.MapGet("/health/ready", () => "Healthy");
        await app.RunAsync();
    }

    /// <summary>Three listeners: one that echoes, one whose processor sleeps, and one whose processor spins.</summary>
    private static async Task RunBlockedAsync(int http)
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseUrls($"http://127.0.0.1:{http}");
        builder.Configuration.AddInMemoryCollection(
            [.. Resource("Default"), .. Resource(nameof(Sleeping)), .. Resource(nameof(Spinning))]);
        builder.AddSocketSync().AddProcessor<Sleeping>(nameof(Sleeping)).AddProcessor<Spinning>(nameof(Spinning));
        await using var app = builder.Build();
        app.MapSocketSync();
        await app.RunAsync();
    }

    private static IEnumerable<KeyValuePair<string, string?>> Resource(string name)
    {
        yield return new($"SocketSync:Listeners:{name}:Port", "0");
        yield return new($"SocketSync:Resources:{name}:Processor", name == "Default" ? "Echo" : name);
        yield return new($"SocketSync:Resources:{name}:Protocol:Name", "Line");
        yield return new($"SocketSync:Resources:{name}:Gate:TurnTimeout", "00:10:00");
    }

    public sealed class Sleeping : IRequestProcessor
    {
        public ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken)
        {
            Thread.Sleep(Timeout.Infinite);
            return default;
        }
    }

    public sealed class Spinning : IRequestProcessor
    {
        public ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken)
        {
            while (!cancellationToken.IsCancellationRequested)
                Thread.SpinWait(1000);
            return default;
        }
    }
}
