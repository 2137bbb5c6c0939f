using System.Net;
using System.Security.Cryptography;
using System.Text;
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
                $"Nobody may do this, since no token is configured: set {AdminOptions.TokenKey} (at least 16 characters).",
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

    [LoggerMessage(703, LogLevel.Warning, "HTTP: refused to let {Peer} steer, its token is missing or wrong")]
    private static partial void LogRefused(ILogger logger, object peer);

    [LoggerMessage(704, LogLevel.Warning, "HTTP: refused to let {Peer} steer {Count} more times within {Seconds} s, its token is missing or wrong")]
    private static partial void LogMoreRefused(ILogger logger, object peer, long count, int seconds);
}

/// <summary>
/// The secret that makes a caller an operator. Only its hash is kept: what is compared then has the same length whatever
/// was presented, and the comparison takes the same time.
/// </summary>
internal sealed class AdminToken
{
    private volatile byte[]? _hash;

    public AdminToken(AdminOptions options) => Configure(options);

    /// <summary>Without one nobody may steer.</summary>
    public bool IsConfigured => _hash is not null;

    /// <summary>Takes a new token, or none; the old one is worth nothing from now on.</summary>
    public void Configure(AdminOptions options) =>
        _hash = string.IsNullOrEmpty(options.Token) ? null : Hash(options.Token);

    public bool Matches(string? presented) =>
        _hash is { } hash && presented is not null && CryptographicOperations.FixedTimeEquals(hash, Hash(presented));

    private static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
