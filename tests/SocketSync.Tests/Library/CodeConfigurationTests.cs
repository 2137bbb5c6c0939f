using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace SocketSync.Tests;

/// <summary>Resources and listeners that a host adds in code, with the file above them.</summary>
public sealed class CodeConfigurationTests
{
    [Fact]
    public async Task WhatCodeAddsIsThereAndTheFileStandsOverIt()
    {
        await using var app = await LibraryHost.StartAsync(
            sync => sync
                .AddResource("Plant", new() { Protocol = new() { Name = "Line", Delimiter = "\\r\\n" }, Gate = new() { MaxQueue = 7, TurnTimeout = TimeSpan.FromSeconds(3) }, Required = false })
                .AddResource("Spare")
                .AddListener("Plant", new() { Port = 0, AllowedNetworks = ["127.0.0.0/8", "10.0.0.0/8"], Priority = Priority.High })
                .AddListener("Spare", new() { Port = 0 }),
            "Resources:Plant:Gate:MaxQueue=9; Listeners:Plant:Priority=Low");
        var options = app.Services.GetRequiredService<SocketSyncOptions>();
        Assert.Equal(["Plant", "Spare"], options.Resources.Keys.Order(StringComparer.Ordinal), StringComparer.Ordinal);
        var plant = options.Resources["Plant"];
        Assert.Equal(("Line", "\\r\\n", 9, TimeSpan.FromSeconds(3), false), (plant.Protocol.Name, plant.Protocol.Delimiter, plant.Gate.MaxQueue, plant.Gate.TurnTimeout, plant.Required));
        var listener = options.Listeners["Plant"];
        Assert.Equal(("127.0.0.0/8 10.0.0.0/8", Priority.Low), (string.Join(' ', listener.AllowedNetworks), listener.Priority));
        Assert.Equal(new GateOptions(), options.Resources["Spare"].Gate);
        Assert.Equal("x\r\n", await app.Resource("plant").AskAsync("x\r\n"));
    }

    [Fact]
    public void ALinkWithAllItsPartsIsReadAsTheFileWouldBe()
    {
        var builder = LibraryHost.Create(sync => sync.AddResource("Bus", new()
        {
            Processor = "Relay",
            Protocol = new() { Name = "ModbusTcp" },
            Access = [new() { Functions = ["Write"], Allow = false }, new() { Allow = true }],
            Cache = new() { MaxAge = TimeSpan.FromSeconds(1) },
            Link = new()
            {
                Process = new() { FileName = "python3", Arguments = ["worker.py", "--fast"], Environment = { ["MODE"] = "x" } },
                Protocol = new() { Name = "ModbusRtu" },
                Units = { ["1"] = 11 },
            },
        }));
        using var app = (IDisposable)builder.Build();
        var bus = ((WebApplication)app).Services.GetRequiredService<SocketSyncOptions>().Resources["Bus"];
        Assert.Equal((false, true), (bus.Access[0].Allow!.Value, bus.Access[1].Allow!.Value));
        Assert.Equal("Write", Assert.Single(bus.Access[0].Functions));
        Assert.Equal("worker.py --fast x", $"{string.Join(' ', bus.Link!.Process!.Arguments)} {bus.Link.Process.Environment["MODE"]}");
        Assert.Equal(("ModbusRtu", 11, TimeSpan.FromSeconds(1)), (bus.Link.Protocol!.Name, bus.Link.Units["1"], bus.Cache.MaxAge));
    }

    /// <summary>A listener without a protocol has that of its resource: one that says what is the default otherwise says something.</summary>
    [Fact]
    public void AProtocolOfTheListenersOwnCountsAlsoWhereItIsTheDefaultOne()
    {
        var builder = LibraryHost.Create(sync => sync
            .AddResource("A", new() { Protocol = new() { Name = "Line" } })
            .AddListener("A", new() { Port = 0 })
            .AddListener("B", new() { Port = 0, Resource = "A", Protocol = new() { Name = "Raw" } }));
        using var app = (IDisposable)builder.Build();
        var listeners = ((WebApplication)app).Services.GetRequiredService<SocketSyncOptions>().Listeners;
        Assert.Equal(("Line", "Raw"), (listeners["A"].Protocol!.Name, listeners["B"].Protocol!.Name));
    }

    [Fact]
    public async Task SettingsInCodeAreSettings()
    {
        await using var app = await LibraryHost.StartAsync(
            sync => sync.AddProcessor<Told, Words>("Told").AddResource("A", new() { Processor = "Told", Settings = new Words { First = "one", Second = "two" } }),
            "Listeners:Default:Port=0; Listeners:Default:Resource=A; Resources:A:Settings:Second=zwei");
        Assert.Equal("one zwei", await app.Resource("A").AskAsync("?"));
    }

    [Fact]
    public async Task TheOnlyResourceHasTheDefaultListener()
    {
        await using var app = await LibraryHost.StartAsync(sync => sync.AddResource("Only"));
        Assert.Equal(("Default", "Only"), Assert.Single(app.Services.GetRequiredService<SocketSyncOptions>().Listeners) is var listener ? (listener.Key, listener.Value.Resource) : default);
    }

    [Fact]
    public void AMistakeInCodeIsToldAsOneInTheFile()
    {
        var builder = LibraryHost.Create(sync => sync.AddResource("A", new() { Processor = "Bnch" }).AddListener("a b", new() { Resource = "A", Port = 70000 }));
        var told = Assert.Throws<SocketSyncStartupException>(() => builder.Build().MapSocketSync());
        Assert.Equal(3, told.Problems.Count);
        Assert.Contains("SocketSync:Resources:A:Processor: 'Bnch': must be one of Echo, Relay, Tunnel", told.Problems, StringComparer.Ordinal);
        // What nobody catches is printed by the runtime: the problems, and no frames.
        Assert.Equal(["SocketSync cannot start:", .. told.Problems], told.ToString().Split(Environment.NewLine), StringComparer.Ordinal);
    }

    private sealed class Told(Microsoft.Extensions.Options.IOptionsMonitor<Words> words) : IRequestProcessor
    {
        public ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken) =>
            context.SayAsync($"{words.Get(context.Resource).First} {words.Get(context.Resource).Second}");
    }

    private sealed class Words
    {
        public string? First { get; set; }

        public string? Second { get; set; }
    }
}
