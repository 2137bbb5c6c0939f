using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace SocketSync.Tests;

/// <summary>In which order a host starts, and what it says where it cannot listen.</summary>
public sealed class HostStartTests : IDisposable
{
    private readonly RecordingLogs _logs = new();
    private readonly TcpListener _device = new(IPAddress.Loopback, 0);

    public HostStartTests() => _device.Start();

    public void Dispose() => _device.Dispose();

    /// <summary>Also a processor of the host's own, which may open its device when it is made.</summary>
    [Fact]
    public async Task NoProcessorIsMadeAndNoLinkOpenedBeforeEveryAddressIsTaken()
    {
        await using var app = Web(kestrel: true);
        var topology = app.Services.GetRequiredService<Topology>();
        Assert.Equal(2, topology.Resources.Count);
        AssertUntouched();

        // Another program listens where this one has bound, which only listening tells.
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux lets two bound sockets share an address");
        using var other = new TcpListener(IPAddress.Loopback, topology.Bound.EndPoints[0].Port!.Value);
        other.Start();
        await Assert.ThrowsAsync<SocketSyncStartupException>(() => app.StartAsync(TestContext.Current.CancellationToken));
        AssertUntouched();
    }

    [Fact]
    public async Task AProcessorThatCannotBeMadeOpensNoLink()
    {
        await using var app = Web(kestrel: true, _ => throw new InvalidTimeZoneException("no bench today"));
        await Assert.ThrowsAsync<InvalidTimeZoneException>(() => app.StartAsync(TestContext.Current.CancellationToken));
        AssertUntouched();
    }

    [Fact]
    public async Task WhatIsInOrderIsStarted()
    {
        await using var app = Web(kestrel: true);
        await app.StartAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1, Made.Count);
        using var link = await _device.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        Assert.StartsWith("Listening: ", Assert.Single(Told(LogLevel.Information)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AHostForTestsSaysThatNothingListensAndStartsAllTheSame()
    {
        await using var app = Web(kestrel: false);
        app.MapGet("/mine", () => "served");
        await app.StartAsync(TestContext.Current.CancellationToken);
        Assert.Equal("served", await app.GetTestClient().GetStringAsync("/mine", TestContext.Current.CancellationToken));
        AssertTellsThatNothingListens(app.Services, "TestServer");
        using var link = await _device.AcceptTcpClientAsync(TestContext.Current.CancellationToken); // Its own code may use the resources.
        await app.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task AHostWithoutAServerSaysThatNothingListensAndStartsAllTheSame()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new());
        Add(builder, made: null);
        using var host = builder.Build();
        await host.StartAsync(TestContext.Current.CancellationToken);
        AssertTellsThatNothingListens(host.Services, "no server");
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    private MadeCount Made { get; } = new();

    private void AssertTellsThatNothingListens(IServiceProvider services, string server)
    {
        var warning = Assert.Single(Told(LogLevel.Warning));
        Assert.Contains("Nothing listens", warning, StringComparison.Ordinal);
        Assert.Contains(server, warning, StringComparison.Ordinal);
        Assert.Empty(Told(LogLevel.Information));
        // Who connects is told so too, and does not wait for ever.
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var port = services.GetRequiredService<Topology>().Bound.EndPoints[0].Port!.Value;
        Assert.Equal(SocketError.ConnectionRefused, Assert.Throws<SocketException>(() => client.Connect(IPAddress.Loopback, port)).SocketErrorCode);
    }

    private void AssertUntouched()
    {
        Assert.Equal(0, Made.Count);
        Assert.False(_device.Pending());
    }

    private List<string> Told(LogLevel level) =>
        [.. _logs.Of(level).Where(l => l.Category == typeof(SocketSyncService).FullName).Select(l => l.Text)];

    private WebApplication Web(bool kestrel, Action<MadeCount>? made = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddRouting();
        if (kestrel) builder.WebHost.UseKestrel();
        else builder.WebHost.UseTestServer();
        Add(builder, made);
        return builder.Build();
    }

    private void Add(IHostApplicationBuilder builder, Action<MadeCount>? made)
    {
        var port = ((IPEndPoint)_device.LocalEndpoint).Port;
        builder.Configuration.AddInMemoryCollection(ConfigurationText.HostKeys(
            "urls=http://127.0.0.1:0 SocketSync:DefaultAddress=127.0.0.1 SocketSync:Listeners:A:Port=0 SocketSync:Listeners:B:Port=0 "
            + $"SocketSync:Resources:A:Processor=Relay SocketSync:Resources:A:Link:Tcp:Host=127.0.0.1 SocketSync:Resources:A:Link:Tcp:Port={port} "
            + "SocketSync:Resources:B:Processor=Counted"));
        builder.Logging.AddProvider(_logs);
        builder.Services.AddSingleton(made ?? (static count => count.Add()));
        builder.Services.AddSingleton(Made);
        builder.AddSocketSync().AddProcessor<Counted>("Counted");
    }

    private sealed class MadeCount
    {
        public int Count { get; private set; }

        public void Add() => Count++;
    }

    private sealed class Counted : IRequestProcessor
    {
        public Counted(MadeCount count, Action<MadeCount> made) => made(count);

        public ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }
}
