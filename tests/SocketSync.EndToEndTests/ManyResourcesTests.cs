using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SocketSync.EndToEndTests;

/// <summary>A thousand listeners with a thousand relays, beside one of each in the same run.</summary>
[Collection(HeavyTests.Name)]
public sealed class ManyResourcesTests : IDisposable
{
    private const int Many = 1000;

    private readonly TestFiles _files = new();
    private readonly TcpListener _device = new(IPAddress.Loopback, 0);

    public ManyResourcesTests() => _device.Start(4096);

    public void Dispose()
    {
        _device.Dispose();
        _files.Dispose();
    }

    [Fact]
    public async Task AreReadyWithinThreeSecondsMoreThanOneIsAndExportEverySeries()
    {
        var (one, few) = await StartAsync(1);
        await few.DisposeAsync();
        var (all, server) = await StartAsync(Many);
        await using (server)
        {
            TestContext.Current.TestOutputHelper?.WriteLine($"ready after {one} and {all}");
            Assert.True(all < one + TimeSpan.FromSeconds(3), $"one was ready after {one}, {Many} after {all}");

            var status = await server.StatusAsync();
            Assert.Equal((Many, Many), (status.Resources.Count, status.Listeners.Count));
            var metrics = await server.MetricsAsync();
            Assert.DoesNotContain("otel_metric_overflow", metrics, StringComparison.Ordinal);
            var series = metrics.Split('\n').Where(line => line.StartsWith("socketsync_requests_total{", StringComparison.Ordinal)).ToList();
            foreach (var outcome in (string[])["ok", "cached", "busy", "timeout", "unavailable", "failed", "denied", "malformed", "too-large", "abandoned"])
                Assert.Equal(Many, series.Count(line => line.Contains($"outcome=\"{outcome}\"", StringComparison.Ordinal)));
            Assert.Equal(Many, series.Select(line => line.Split("resource=\"")[1].Split('"')[0]).Distinct(StringComparer.Ordinal).Count());
            Assert.Equal(Many, Metrics.Sum(metrics, "socketsync_link_connects_total"));
            TestContext.Current.TestOutputHelper?.WriteLine($"{server.Process.ResidentBytes >> 20} MiB resident");
        }
    }

    /// <summary>Each of some listeners leads to each of some resources: more pairs than there are things.</summary>
    [Fact]
    public async Task ThatEachOfManyListenersReachesExportEverySeries()
    {
        const int listeners = 12;
        const int resources = 20;
        var routes = string.Join(", ", Enumerable.Range(0, resources).Select(i => $$"""{ "Units": "{{i}}", "Resource": "R{{i}}" }"""));
        await using var server = await ServerProcess.StartAsync($$"""
            "Listeners": { {{string.Join(", ", Enumerable.Range(0, listeners).Select(i => $$"""
                "L{{i}}": { "Address": "127.0.0.1", "Port": 0, "Routes": [ {{routes}} ] }
                """))}} },
            "Resources": { {{string.Join(", ", Enumerable.Range(0, resources).Select(i => $$"""
                "R{{i}}": { "Processor": "Echo", "Protocol": { "Name": "ModbusTcp" } }
                """))}} }
            """);

        var metrics = await server.MetricsAsync();
        Assert.DoesNotContain("otel_metric_overflow", metrics, StringComparison.Ordinal);
        Assert.Equal(listeners * resources, metrics.Split('\n').Count(line =>
            line.StartsWith("socketsync_requests_total{", StringComparison.Ordinal) && line.Contains("outcome=\"ok\"", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task AreCheckedInASecondMoreThanOneIs()
    {
        var one = await CheckAsync(1);
        var all = await CheckAsync(Many);
        TestContext.Current.TestOutputHelper?.WriteLine($"checked in {one} and {all}");
        Assert.True(all < one + TimeSpan.FromSeconds(1), $"one was checked in {one}, {Many} in {all}");
    }

    private async Task<(TimeSpan Ready, ServerProcess Server)> StartAsync(int count)
    {
        var settings = Settings(count);
        var watch = Stopwatch.StartNew();
        var server = await ServerProcess.StartAsync(settings);
        return (watch.Elapsed, server);
    }

    private async Task<TimeSpan> CheckAsync(int count)
    {
        var config = _files.Write("config.json", ServerProcess.WholeFile(Settings(count)));
        var watch = Stopwatch.StartNew();
        await using var check = new ChildProcess("dotnet", [ServerProcess.Assembly("ServerAssembly"), "check", "--config", config]);
        Assert.Equal(0, await check.ExitAsync(TimeSpan.FromSeconds(60)));
        return watch.Elapsed;
    }

    private string Settings(int count)
    {
        var listeners = new StringBuilder();
        var resources = new StringBuilder();
        var port = ((IPEndPoint)_device.LocalEndpoint).Port;
        for (var i = 0; i < count; i++)
        {
            var comma = i == 0 ? "" : ", ";
            // Named so that each is found by a search, and not by its own name.
            listeners.Append(CultureInfo.InvariantCulture, $$"""{{comma}}"L{{i}}": { "Address": "127.0.0.1", "Port": 0, "Resource": "r{{i}}" }""");
            resources.Append(CultureInfo.InvariantCulture, $$"""
                {{comma}}"R{{i}}": { "Processor": "Relay", "Protocol": { "Name": "Line" }, "Gate": { "MaxQueue": 16 },
                  "Link": { "Tcp": { "Host": "127.0.0.1", "Port": {{port}} } } }
                """);
        }

        return $$""" "Listeners": { {{listeners}} }, "Resources": { {{resources}} } """;
    }
}
