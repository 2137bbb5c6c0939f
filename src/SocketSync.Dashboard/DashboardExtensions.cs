using Microsoft.Extensions.DependencyInjection;

namespace SocketSync;

/// <summary>Adds the operator's page to a host that uses SocketSync.</summary>
public static class DashboardExtensions
{
    /// <summary>
    /// Adds the operator's page: resources with their turns, queues, links and clients, live. <c>MapSocketSync</c> then maps it at
    /// <c>/</c> with everything else. Where the host maps a page of its own at <c>/</c>, that one is served.
    /// </summary>
    /// <param name="builder">What <c>AddSocketSync</c> returned.</param>
    /// <returns>The same builder.</returns>
    public static SocketSyncBuilder AddDashboard(this SocketSyncBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var services = builder.Services;
        if (services.Any(service => service.ServiceType == typeof(DashboardHost)))
            return builder;
        services.AddSingleton<DashboardHost>();
        services.AddSingleton(new EndpointContribution(DashboardEndpoints.Map));
        return builder;
    }
}
