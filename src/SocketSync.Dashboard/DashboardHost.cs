using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using MudBlazor.Services;
using SocketSync.Dashboard;

namespace SocketSync;

/// <summary>
/// Serves the page from a container and a pipeline of its own. They are made at the first request for the page: until then Blazor
/// costs the server neither start time nor memory. And they never meet the settings of a host that uses Blazor itself.
/// </summary>
internal sealed class DashboardHost : IAsyncDisposable
{
    private readonly Lazy<DashboardPipeline> _pipeline;

    public DashboardHost(IServiceProvider services)
    {
        // Taken now, since the pipeline is made when somebody looks.
        var start = new ServerStart(services.GetRequiredService<TimeProvider>());
        _pipeline = new(() => new DashboardPipeline(services, start));
    }

    /// <param name="context">A request of the host.</param>
    /// <param name="hostPath">Its path without the prefix under which the host has mapped the page.</param>
    /// <param name="path">The path by which the page's pipeline knows it.</param>
    public async Task ServeAsync(HttpContext context, string hostPath, string path)
    {
        var request = context.Request;
        var (pathBase, whole, endpoint) = (request.PathBase, request.Path, context.GetEndpoint());
        request.PathBase = pathBase.Add(Prefix(whole, hostPath));
        request.Path = path;
        context.SetEndpoint(null);
        try
        {
            await _pipeline.Value.ServeAsync(context);
        }
        finally
        {
            (request.PathBase, request.Path) = (pathBase, whole);
            context.SetEndpoint(endpoint);
        }
    }

    public ValueTask DisposeAsync() => _pipeline.IsValueCreated ? _pipeline.Value.DisposeAsync() : ValueTask.CompletedTask;

    private static PathString Prefix(PathString whole, string path)
    {
        var text = whole.Value ?? "";
        return path == "/" ? text.TrimEnd('/') : text[..^Math.Min(path.Length, text.Length)];
    }
}

/// <summary>The page's own services, and the middleware that a request for it passes through.</summary>
internal sealed class DashboardPipeline : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly RequestDelegate _serve;

    public DashboardPipeline(IServiceProvider host, ServerStart start)
    {
        _services = CreateServices(host, start);
        var app = new ApplicationBuilder(_services);
        app.UseResponseCompression();
        app.UseStaticFiles(new StaticFileOptions
        {
            FileProvider = new EmbeddedFileProvider(typeof(DashboardPipeline).Assembly, "SocketSync.Dashboard.Assets"),
            RequestPath = $"/{PagePaths.Folder}",
            OnPrepareResponse = file => PageHeaders.Set(file.Context),
        });
        app.Use(next => new PageAdmission(
            _services.GetRequiredService<IHostApplicationLifetime>(), _services.GetRequiredService<TimeProvider>(), next).PassAsync);
        app.UseRouting();
        app.UseEndpoints(endpoints =>
        {
            endpoints.MapBlazorHub(PagePaths.Hub, hub => hub.Transports = HttpTransportType.WebSockets);
            endpoints.Map("/", context =>
            {
                PageHeaders.Set(context);
                return new RazorComponentResult<PageDocument>().ExecuteAsync(context);
            });
        });
        _serve = app.Build();
    }

    public async Task ServeAsync(HttpContext context)
    {
        var host = context.RequestServices;
        await using var scope = _services.CreateAsyncScope();
        context.RequestServices = scope.ServiceProvider;
        try
        {
            await _serve(context);
        }
        finally
        {
            context.RequestServices = host;
        }
    }

    public ValueTask DisposeAsync() => _services.DisposeAsync();

    /// <summary>Blazor, MudBlazor, and those services of the host that the page shows or uses.</summary>
    private static ServiceProvider CreateServices(IServiceProvider host, ServerStart start)
    {
        var services = new ServiceCollection();
        Share<ILoggerFactory>();
        Share<IConfiguration>();
        Share<IWebHostEnvironment>();
        Share<IHostEnvironment>();
        Share<IHostApplicationLifetime>();
        Share<DiagnosticListener>();
        services.AddSingleton<DiagnosticSource>(provider => provider.GetRequiredService<DiagnosticListener>());
        Share<TimeProvider>();
        services.AddSingleton(start);
        Share<Topology>();
        Share<ClusterTurns>();
        Share<JournalDay>();
        if (host.GetService<ClusterNodes>() is { } nodes)
            services.AddSingleton(nodes);
        Share<OperatorActions>();
        Share<AdminToken>();
        services.AddSingleton<PageWatch>();
        services.AddScoped<OperatorSession>();

        services.AddRazorComponents().AddInteractiveServerComponents(circuits =>
        {
            // A few, for moments without a network. Whoever comes back later loads the page anew.
            circuits.DisconnectedCircuitMaxRetained = 4;
            circuits.DisconnectedCircuitRetentionPeriod = TimeSpan.FromSeconds(5);
            circuits.PersistedCircuitInMemoryMaxRetained = 0;
        });
        services.AddSignalR(hub => hub.AddFilter(new ViewerStart()));
        // What it protects is of no use after a restart, and the disk may be read-only.
        services.AddDataProtection().UseEphemeralDataProtectionProvider();
        services.AddResponseCompression(compression => compression.EnableForHttps = true);
        services.AddMudServices();
        return services.BuildServiceProvider();

        void Share<T>()
            where T : class => services.AddSingleton(host.GetRequiredService<T>());
    }
}
