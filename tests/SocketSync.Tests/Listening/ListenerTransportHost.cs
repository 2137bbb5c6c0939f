using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SocketSync.Tests;

/// <summary>A real Kestrel with SocketSync's transport, and an HTTP endpoint on Kestrel's own.</summary>
internal sealed class ListenerTransportHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ListenerTransportHost(WebApplication app, BoundListeners listeners, RecordingLogs logs) =>
        (_app, Listeners, Logs) = (app, listeners, logs);

    public BoundListeners Listeners { get; }

    public RecordingLogs Logs { get; }

    public int Port => Listeners.EndPoints[0].Port!.Value;

    public Uri Http => new(_app.Urls.Single(u => u.Contains(":" + HttpPort, StringComparison.Ordinal)));

    private int HttpPort { get; set; }

    public static BoundListeners Bind(params (string Name, ListenerOptions Options)[] listeners) =>
        ListenerBinder.Bind(listeners.ToDictionary(l => l.Name, l => l.Options, StringComparer.Ordinal), "localhost");

    /// <summary>The lines told when the listeners cannot be bound.</summary>
    public static IReadOnlyList<string> Problems(params (string Name, ListenerOptions Options)[] listeners) =>
        Assert.Throws<ListenerBindException>(() => Bind(listeners)).Problems;

    public static async Task<ListenerTransportHost> StartAsync(
        ListenerOptions options, Action<ListenOptions> configure, TimeProvider? time = null)
    {
        EventLoop.Start(1);
        var listeners = Bind(("Test", options));
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        var logs = new RecordingLogs();
        builder.Logging.AddProvider(logs).SetMinimumLevel(LogLevel.Debug);
        builder.Services.AddSingleton(time ?? TimeProvider.System);
        builder.Services.AddSingleton(new SocketSyncOptions());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0);
            foreach (var endPoint in listeners.EndPoints)
                kestrel.Listen(endPoint, configure);
        });
        // After Kestrel's own, which is only added where there is none yet.
        builder.Services.AddSingleton<IConnectionListenerFactory, ListenerTransport>();
        var app = builder.Build();
        app.Run(context => context.Response.Body.WriteAsync("http"u8.ToArray()).AsTask());
        await app.StartAsync();
        var host = new ListenerTransportHost(app, listeners, logs)
        {
            HttpPort = app.Urls.Select(u => new Uri(u).Port).First(p => p != listeners.EndPoints[0].Port),
        };
        return host;
    }

    public static async Task<ListenerTransportHost> OpenAsync(ListenerOptions options, Action<ListenOptions> configure, TimeProvider? time = null)
    {
        var host = await StartAsync(options, configure, time);
        host.Listeners.Listen();
        host.Listeners.Open();
        return host;
    }

    public async Task<string> AskHttpAsync()
    {
        using var client = new HttpClient();
        return await client.GetStringAsync(Http);
    }

    /// <summary>Sends back what comes, until the client ends its stream.</summary>
    public static void Echo(IConnectionBuilder builder) => builder.Run(async connection =>
    {
        while (true)
        {
            var read = await connection.Transport.Input.ReadAsync();
            foreach (var segment in read.Buffer)
                await connection.Transport.Output.WriteAsync(segment);
            connection.Transport.Input.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
                return;
        }
    });

    public async ValueTask DisposeAsync()
    {
        Listeners.Close();
        await _app.DisposeAsync();
    }
}

internal sealed record LogLine(LogLevel Level, string Category, string Text, Exception? Error);

internal sealed class RecordingLogs : ILoggerProvider
{
    private readonly ConcurrentQueue<LogLine> _lines = new();

    public IReadOnlyList<LogLine> Of(LogLevel level) => [.. _lines.Where(l => l.Level == level)];

    public ILogger CreateLogger(string categoryName) => new Recorder(this, categoryName);

    public void Dispose()
    {
    }

    private sealed class Recorder(RecordingLogs logs, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            logs._lines.Enqueue(new LogLine(logLevel, category, formatter(state, exception), exception));
    }
}
