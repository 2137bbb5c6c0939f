using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>Lets only those steer who present the token.</summary>
/// <remarks>
/// It is taken from the Authorization header and from nowhere else. A browser sends that header only when a script of the
/// page itself adds it, so a foreign page that makes the operator's browser ask, or that has itself resolved to this
/// address, comes without it; and a URL, which is kept in histories and logs, never holds it.
/// </remarks>
internal sealed partial class OperatorCheck(AdminToken token, TimeProvider time, ILogger<OperatorCheck> logger)
{
    private const string Scheme = "Bearer ";

    private readonly SeldomWarning _warning = new(time);

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

        if (_warning.IsDue())
            LogRefused(logger, Peer(context));
        context.Response.Headers.WWWAuthenticate = "Bearer";
        return TypedResults.Problem("The header must be Authorization: Bearer TOKEN, with the token that is configured.", statusCode: StatusCodes.Status401Unauthorized);
    }

    private static string? Presented(HttpRequest request) =>
        request.Headers.Authorization is [{ } only] && only.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            ? only[Scheme.Length..].Trim()
            : null;

    private static string Peer(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } address
            ? string.Create(CultureInfo.InvariantCulture, $"{(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address)}")
            : "a Unix socket";

    [LoggerMessage(513, LogLevel.Warning, "HTTP: refused to let {Peer} steer, its token is missing or wrong; further such warnings follow at most every 10 s")]
    private static partial void LogRefused(ILogger logger, string peer);
}
