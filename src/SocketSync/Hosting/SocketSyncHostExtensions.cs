using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;

namespace SocketSync;

/// <summary>Adds SocketSync to an ASP.NET Core host.</summary>
public static class SocketSyncHostExtensions
{
    /// <summary>
    /// Adds the listeners and resources that section <c>SocketSync</c> of the configuration describes, with their
    /// health checks and metrics. The configuration is read when the host starts.
    /// </summary>
    /// <param name="builder">The host's builder.</param>
    /// <returns>A builder to which the host's own processors are added.</returns>
    public static SocketSyncBuilder AddSocketSync(this IHostApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return new SocketSyncBuilder();
    }

    /// <summary>Maps <c>/health/live</c>, <c>/health/ready</c>, <c>/api/status</c> and <c>/metrics</c>.</summary>
    /// <param name="endpoints">The host's endpoints.</param>
    /// <returns>The same endpoints.</returns>
    public static IEndpointRouteBuilder MapSocketSync(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        return endpoints;
    }
}
