using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using System.Diagnostics;
using MudBlazor.Services;

namespace SocketSync;

/// <summary>What the page is made with: Blazor, MudBlazor, and what it shows of the host.</summary>
internal static class PageServices
{
    public static ServiceProvider Create(IServiceProvider host)
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
        Share<Topology>();
        Share<TurnFeed>();
        Share<OperatorActions>();
        Share<AdminToken>();
        services.AddSingleton<PageWatch>();
        services.AddScoped<SteeringDesk>();

        services.AddRazorComponents().AddInteractiveServerComponents(circuits =>
        {
            // A few, for moments without a network; whoever comes later gets the page anew.
            circuits.DisconnectedCircuitMaxRetained = 4;
            circuits.DisconnectedCircuitRetentionPeriod = TimeSpan.FromSeconds(5);
            circuits.PersistedCircuitInMemoryMaxRetained = 0;
        });
        services.AddSignalR(hub => hub.AddFilter(new ViewerStart()));
        // What it protects is of no use after a restart, and nothing is to be written to a disk that may be read-only.
        services.AddDataProtection().UseEphemeralDataProtectionProvider();
        services.AddResponseCompression(compression => compression.EnableForHttps = true);
        services.AddMudServices();
        return services.BuildServiceProvider();

        void Share<T>()
            where T : class => services.AddSingleton(host.GetRequiredService<T>());
    }
}
