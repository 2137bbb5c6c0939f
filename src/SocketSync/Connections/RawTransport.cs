using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;

namespace SocketSync;

/// <summary>The connection's own input, beneath TLS: it tells a reset from an end of stream, which a TLS stream hides.</summary>
internal sealed class RawTransportFeature(PipeReader input)
{
    public PipeReader Input { get; } = input;
}

internal static class RawTransportExtensions
{
    /// <summary>Keeps <see cref="RawTransportFeature"/>; to be added before TLS.</summary>
    public static IConnectionBuilder UseRawTransport(this IConnectionBuilder builder) =>
        builder.Use(next => connection =>
        {
            connection.Features.Set(new RawTransportFeature(connection.Transport.Input));
            return next(connection);
        });
}
