using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace SocketSync;

/// <summary>Adds SocketSync to an ASP.NET Core host.</summary>
public static class SocketSyncHostExtensions
{
    /// <summary>How long the host may take to stop everything else, after DrainTimeout.</summary>
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Adds the listeners and resources that section <c>SocketSync</c> of the configuration describes, with their
    /// health checks and metrics. The configuration is read, and the addresses are taken, when the host is built; clients
    /// are accepted once it has started.
    /// </summary>
    /// <param name="builder">The host's builder.</param>
    /// <returns>A builder to which the host's own processors are added.</returns>
    /// <remarks>Building the host throws <see cref="SocketSyncStartupException"/> if the configuration is invalid.</remarks>
    public static SocketSyncBuilder AddSocketSync(this IHostApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var processors = new ProcessorCatalog();
        return builder.AddSocketSync(processors, configuration => PluginLoader.Load(configuration, builder.Environment.ContentRootPath, processors));
    }

    /// <summary>The same, for a host that decides itself when its plugins are loaded, and from where.</summary>
    internal static SocketSyncBuilder AddSocketSync(
        this IHostApplicationBuilder builder, ProcessorCatalog processors, Func<IConfiguration, PluginResult> loadPlugins)
    {
        var services = builder.Services;
        var protocols = new OwnProtocols();
        var code = new CodeConfiguration();

        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(processors);
        services.AddSingleton(provider => new HostParts(processors.Names) { Protocols = protocols.Define(provider), SettingsOf = processors.SettingsOf, Code = code.Values });
        services.AddSingleton<ResourceSettings>();
        services.AddKeyedSingleton<ISharedResource>(KeyedService.AnyKey, static (provider, name) => provider.GetRequiredService<Topology>().UseLocally((string)name!));
        services.AddSingleton(provider =>
        {
            var configuration = provider.GetRequiredService<IConfiguration>();
            var plugins = loadPlugins(configuration);
            return ClusterSupport.Check(HostConfiguration.Read(configuration, provider.GetRequiredService<HostParts>(), plugins.Problems), provider);
        });
        services.AddSingleton(provider => provider.GetRequiredService<HostConfiguration>().Options);
        services.AddSingleton(provider => TopologyFactory.Create(provider, provider.GetRequiredService<SocketSyncOptions>()));

        services.AddSingleton<IConnectionListenerFactory, HttpTransport>();
        services.AddSingleton<IConnectionListenerFactory, ListenerTransport>();
        services.AddSingleton<IConfigureOptions<KestrelServerOptions>, KestrelSetup>();
        services.AddSingleton(provider => new HttpConnectionLimit(
            HttpConnectionLimit.MaximumFor(DescriptorReserve.OfThisProcess),
            DescriptorReserve.OfThisProcess,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<HttpConnectionLimit>>()));
        services.AddSingleton<IStartupFilter, HttpRequestTracking>();
        services.AddSingleton<GracefulShutdown>();
        services.AddSingleton<ResourceTerms>();
        services.AddSingleton<ForwardSecret>();
        // Made only in a cluster, which brings what it needs; a host in development checks what each service needs.
        services.AddSingleton(static provider => ActivatorUtilities.CreateInstance<Forwarder>(provider));
        services.AddSingleton<Func<ConfigurationWatcher>>(provider => () => Watch(provider));
        services.AddSingleton(provider => new CertificatesInUse(
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<CertificatesInUse>>()));
        services.AddSingleton<SocketSyncService>();
        services.AddHostedService(provider => provider.GetRequiredService<SocketSyncService>());
        services.AddOptions<HostOptions>().Configure<SocketSyncOptions>(
            (host, options) => host.ShutdownTimeout = options.DrainTimeout + StopTime);

        services.AddSingleton<TurnFeed>();
        services.AddSingleton<JournalDay>();
        services.AddSingleton(provider => new JournalWriter(
            provider.GetRequiredService<SocketSyncOptions>().Journal, provider.GetRequiredService<JournalDay>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<JournalWriter>>()));
        services.AddSingleton<ClusterTurns>();
        services.AddSingleton<ClusterTrace>();
        services.AddSingleton<ClusterClients>();
        services.AddSingleton<OperatorActions>();
        services.AddSingleton<EventStreams>();
        services.AddSingleton<OperatorCheck>();
        services.AddSingleton<HostNames>();
        services.AddSingleton(provider => new AdminToken(provider.GetRequiredService<SocketSyncOptions>().Admin));
        services.AddMetrics();
        services.AddSingleton<SocketSyncMeter>();
        services.AddHealthChecks();
        services.AddSingleton<IConfigureOptions<HealthCheckServiceOptions>, ResourceHealthChecks>();
        return new SocketSyncBuilder(services, code, processors, protocols);
    }

    /// <summary>
    /// Maps <c>/health/live</c>, <c>/health/ready</c> and <c>/api</c>, and what other packages have added: the operator's page at
    /// <c>/</c>, where the host has called <c>AddDashboard</c> of the package <c>SocketSync.Dashboard</c>.
    /// </summary>
    /// <param name="endpoints">The host's endpoints.</param>
    /// <returns>
    /// A builder for conventions of all these endpoints, health included: <c>app.MapSocketSync().RequireAuthorization()</c>, or
    /// <c>RequireHost("*:8080")</c>.
    /// </returns>
    /// <exception cref="InvalidOperationException"><see cref="AddSocketSync(IHostApplicationBuilder)"/> was not called.</exception>
    public static IEndpointConventionBuilder MapSocketSync(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        var names = endpoints.ServiceProvider.GetService<HostNames>()
            ?? throw new InvalidOperationException("MapSocketSync needs what builder.AddSocketSync() adds; call that before builder.Build().");
        var all = endpoints.MapGroup("");
        HealthEndpoints.Map(all);
        var named = names.Guard(all);
        ApiEndpoints.Map(named);
        foreach (var contribution in endpoints.ServiceProvider.GetServices<EndpointContribution>())
            contribution.Map(named);
        return all;
    }

    private static ConfigurationWatcher Watch(IServiceProvider services)
    {
        var topology = services.GetRequiredService<Topology>();
        var token = services.GetRequiredService<AdminToken>();
        var terms = services.GetRequiredService<ResourceTerms>();
        var settings = services.GetRequiredService<ResourceSettings>();
        return new ConfigurationWatcher(
            services.GetRequiredService<IConfiguration>(),
            services.GetRequiredService<HostParts>(),
            services.GetRequiredService<SocketSyncOptions>(),
            options =>
            {
                topology.Configure(options.Resources);
                terms.Resources = options.Resources;
                token.Configure(options.Admin);
                settings.Configure(options.Resources);
            },
            services.GetRequiredService<TimeProvider>(),
            services.GetRequiredService<ILogger<ConfigurationWatcher>>());
    }
}

/// <summary>Endpoints that another assembly adds to those of <c>MapSocketSync</c>. They answer to the same host names.</summary>
internal sealed record EndpointContribution(Action<IEndpointRouteBuilder> Map);
