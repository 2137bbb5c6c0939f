using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>Lets only those steer who present the token.</summary>
/// <remarks>
/// It is taken from the Authorization header and from nowhere else. A browser sends that header only when a script of the
/// page itself adds it, so a foreign page that makes the operator's browser ask, or that has itself resolved to this
/// address, comes without it; and a URL, which is kept in histories and logs, never holds it.
/// </remarks>
internal sealed partial class OperatorCheck(AdminToken token, TimeProvider time, ILogger<OperatorCheck> logger) : IDisposable
{
    private const string Scheme = "Bearer ";

    private readonly LogThrottle<object> _warnings = new(
        time,
        peer => LogRefused(logger, peer),
        (peer, sum) => LogMoreRefused(logger, peer, sum.Count, sum.Seconds),
        fold: _ => RemoteAddress.Others);

    /// <returns>The answer to one who may not, or <see langword="null"/>.</returns>
    public IResult? Refuse(HttpContext context)
    {
        if (!token.IsConfigured)
        {
            return TypedResults.Problem(
                $"Nobody may do this, since no token is configured: set {AdminToken.Key} (at least 16 characters).",
                statusCode: StatusCodes.Status403Forbidden);
        }

        if (token.Matches(Presented(context.Request)))
            return null;

        _warnings.Add(Peer(context));
        context.Response.Headers.WWWAuthenticate = "Bearer";
        return TypedResults.Problem("The header must be Authorization: Bearer TOKEN, with the token that is configured.", statusCode: StatusCodes.Status401Unauthorized);
    }

    public void Dispose() => _warnings.Dispose();

    private static string? Presented(HttpRequest request) =>
        request.Headers.Authorization is [{ } only] && only.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            ? only[Scheme.Length..].Trim()
            : null;

    private static object Peer(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } address
            ? RemoteAddress.Of(new IPEndPoint(address, context.Connection.RemotePort))
            : RemoteAddress.UnixSocket;

    [LoggerMessage(513, LogLevel.Warning, "HTTP: refused to let {Peer} steer, its token is missing or wrong")]
    private static partial void LogRefused(ILogger logger, object peer);

    [LoggerMessage(514, LogLevel.Warning, "HTTP: refused to let {Peer} steer {Count} more times within {Seconds} s, its token is missing or wrong")]
    private static partial void LogMoreRefused(ILogger logger, object peer, long count, int seconds);
}
