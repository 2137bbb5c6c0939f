using Microsoft.Extensions.DependencyInjection;

namespace SocketSync;

/// <summary>The server's services, for what runs inside the silo, which is a host of its own.</summary>
internal sealed class HostServices(IServiceProvider services)
{
    public T Get<T>()
        where T : notnull => services.GetRequiredService<T>();
}
