using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.DependencyInjection;

namespace SocketSync;

/// <summary>Connection middleware of a node.</summary>
internal static class ForwardingExtensions
{
    /// <summary>Makes the ids of connections unique among the nodes. Add it before anything that tells an id.</summary>
    public static IConnectionBuilder UseIdsOfNode(this IConnectionBuilder builder, string? node) =>
        node is null ? builder : builder.Use(next => connection =>
        {
            connection.ConnectionId = $"{node}-{connection.ConnectionId}";
            return next(connection);
        });

    /// <summary>
    /// Lets the kernel reset the client if the process dies, whatever kills it: what it had sent of a reply must not look whole. A
    /// connection that ends in order is closed as ever. Add it before all that may say something at the end.
    /// </summary>
    public static IConnectionBuilder UseResetAtDeath(this IConnectionBuilder builder, string? node) =>
        node is null ? builder : builder.Use(next => async connection =>
        {
            var socket = connection.Features.Get<IConnectionSocketFeature>()?.Socket;
            TcpFault.SetResetAtClose(socket, true);
            try
            {
                await next(connection);
            }
            finally
            {
                TcpFault.SetResetAtClose(socket, false);
            }
        });

    /// <summary>
    /// Leads clients whose resource another node owns to that node. Add it last, after TLS. Without a directory of resources, on a server
    /// that is alone, nothing is added.
    /// </summary>
    public static IConnectionBuilder UseForwarding(this IConnectionBuilder builder, ListenerState listener)
    {
        if (builder.ApplicationServices.GetService<IResourceDirectory>() is null)
            return builder;
        var forwarder = builder.ApplicationServices.GetRequiredService<Forwarder>();
        return builder.Use(next => connection => forwarder.ServeAsync(connection, listener, next));
    }
}
