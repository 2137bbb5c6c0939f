using System.Globalization;
using Microsoft.Extensions.Hosting.Systemd;
using Serilog;

namespace SocketSync;

/// <summary>Runs the server until it is told to stop.</summary>
internal static class RunCommand
{
    public static async Task<int> RunAsync(ServerArguments arguments)
    {
        using var reloadSignal = new ReloadSignal();
        using var configuration = ServerConfiguration.Load(arguments);
        var processors = new ProcessorCatalog();
        var plugins = ServerConfiguration.LoadPlugins(configuration, arguments, processors);
        var host = HostConfiguration.Read(configuration, processors.Names, plugins.Problems);
        SocketEngine.Prepare(host.Options.IoThreads);

        using var secondSignal = new SecondSignal();
        var builder = CreateBuilder(arguments, configuration["environment"]);
        await using var logger = ServerLogging.Create(builder.Configuration);
        using var unobserved = new UnobservedExceptionLog(logger);
        foreach (var plugin in plugins.Loaded)
            logger.Information("Loaded plugin {Path}, version {Version}: processors {Processors}", plugin.Path, plugin.Version, plugin.Processors);
        try
        {
            await using var app = Build(builder, logger, processors);
            app.UseSystemdNotices();
            await app.StartAsync();
            reloadSignal.Follow(ReloadOnSignal.Of(app, logger));
            await app.WaitForShutdownAsync();
            return ServerExit.Ok;
        }
        catch (Exception e) when (StartFailure.Describe(e, host.Http) is { } problems)
        {
            return ServerExit.Invalid(problems);
        }
        catch (Exception e)
        {
            logger.Fatal(e, "The server ends, for a reason it does not know");
            return ServerExit.Failed;
        }
    }

    // Empty, because the other builders read an appsettings.json of their own, and let Kestrel reload its section: a file that is
    // invalid for a moment would close the HTTP endpoint.
    internal static WebApplicationBuilder CreateBuilder(ServerArguments arguments, string? environment)
    {
        var builder = WebApplication.CreateEmptyBuilder(new() { ContentRootPath = AppContext.BaseDirectory, EnvironmentName = environment });
        ServerConfiguration.AddSources(builder.Configuration, arguments, reloadOnChange: true);
        builder.WebHost.UseKestrel((context, kestrel) =>
        {
            HttpHardening.Limit(kestrel);
            var endPoints = kestrel.Configure(context.Configuration.GetSection("Kestrel"), reloadOnChange: false);
            foreach (var endPoint in endPoints.Configuration.GetSection("Endpoints").GetChildren())
                endPoints.Endpoint(endPoint.Key, http => http.ListenOptions.UseHttpConnectionLimit());
        });
        builder.WebHost.UseSockets(HttpHardening.Accept);
        return builder;
    }

    /// <summary>Adds the services that the server has, of which a plugin's processor may want some.</summary>
    internal static void AddServices(WebApplicationBuilder builder, Serilog.ILogger logger, ProcessorCatalog processors)
    {
        builder.Services.AddSerilog(logger);
        builder.Services.AddRouting();
        builder.AddSocketSync(processors, _ => PluginResult.None).AddDashboard().AddMetricsEndpoint().AddCluster(); // The plugins are loaded already.
    }

    private static WebApplication Build(WebApplicationBuilder builder, Serilog.ILogger logger, ProcessorCatalog processors)
    {
        AddServices(builder, logger, processors);
        var app = builder.Build();
        app.UseSafeHeaders();
        app.MapSocketSync();
        return app;
    }
}

/// <summary>
/// Sets how .NET's sockets move bytes: on few threads, and without a hop to the pool after each read. The runtime reads both
/// settings when the first socket is created.
/// </summary>
internal static class SocketEngine
{
    public static void Prepare(int ioThreads)
    {
        SetUnlessGiven("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
        SetUnlessGiven("DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT", ioThreads.ToString(CultureInfo.InvariantCulture));
    }

    private static void SetUnlessGiven(string name, string value)
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(name))) Environment.SetEnvironmentVariable(name, value);
    }
}

/// <summary>Notifies systemd, or another supervisor that has set NOTIFY_SOCKET, when the server is ready and when it stops.</summary>
internal static class SystemdNotices
{
    /// <remarks>
    /// Not <c>UseSystemd</c>: that works only for systemd's direct child, and lets Ctrl-C end the process without a drain.
    /// </remarks>
    public static void UseSystemdNotices(this WebApplication app)
    {
        var systemd = new SystemdNotifier();
        if (!systemd.IsEnabled) return;

        // Programs started by links must not speak for the server.
        Environment.SetEnvironmentVariable("NOTIFY_SOCKET", null);
        app.Lifetime.ApplicationStarted.Register(() => systemd.Notify(ServiceState.Ready)); // The listeners are open by then.
        app.Lifetime.ApplicationStopping.Register(() => systemd.Notify(ServiceState.Stopping));
    }
}
