using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// The actions that an operator can perform on a running server. Callers authorize the operator with
/// <see cref="AdminToken"/>.
/// </summary>
internal sealed partial class OperatorActions(Topology topology, ILogger<OperatorActions> logger, ClusterSteering? cluster = null)
{
    /// <summary>
    /// Stops granting turns. The current turn or lease runs to its end; requests wait within their WaitTimeout.
    /// </summary>
    public async Task<SteeringAnswer> PauseAsync(string resource)
    {
        if (!topology.Resources.TryGetValue(resource, out var found))
            return SteeringAnswer.Missing("resource");
        LogPaused(logger, found.Name);
        if (cluster is not null)
            return await cluster.PauseAsync(found.Name, isPaused: true);
        found.Gate.Pause();
        return SteeringAnswer.Done;
    }

    /// <summary>Grants turns again.</summary>
    public async Task<SteeringAnswer> ResumeAsync(string resource)
    {
        if (!topology.Resources.TryGetValue(resource, out var found))
            return SteeringAnswer.Missing("resource");
        LogResumed(logger, found.Name);
        if (cluster is not null)
            return await cluster.PauseAsync(found.Name, isPaused: false);
        found.Gate.Resume();
        return SteeringAnswer.Done;
    }

    /// <summary>Lets another node own a resource, once the owner has answered the requests that it has.</summary>
    public async Task<SteeringAnswer> MoveAsync(string resource, string node, CancellationToken cancellationToken)
    {
        if (!topology.Resources.TryGetValue(resource, out var found))
            return SteeringAnswer.Missing("resource");
        if (cluster is null)
            return new(SteeringResult.Refused, $"This server is alone: {ClusterOptions.Path}:{nameof(ClusterOptions.Node)} is not set.");
        var answer = await cluster.MoveAsync(found.Name, node, cancellationToken);
        if (answer.Result == SteeringResult.Done)
            LogMoved(logger, found.Name, node);
        return answer;
    }

    /// <summary>The nodes that a resource could be moved to; none on a server that is alone.</summary>
    public IReadOnlyList<string> TargetsOf(string resource) => cluster?.TargetsOf(resource) ?? [];

    /// <summary>
    /// Closes a client. Its turn or lease is cancelled as on TurnTimeout; a waiting request is removed unprocessed.
    /// </summary>
    public async Task<SteeringAnswer> CloseAsync(string connectionId)
    {
        SteeringAnswer answer;
        if (cluster is not null)
        {
            answer = await cluster.CloseAsync(connectionId);
        }
        else if (topology.FindConnection(connectionId) is { } connection)
        {
            connection.Close();
            answer = SteeringAnswer.Done;
        }
        else
        {
            answer = SteeringAnswer.Missing("connection");
        }

        if (answer.Result == SteeringResult.Done)
            LogClosed(logger, connectionId);
        return answer;
    }

    [LoggerMessage(510, LogLevel.Information, "Resource {Resource} is paused by an operator")]
    private static partial void LogPaused(ILogger logger, string resource);

    [LoggerMessage(511, LogLevel.Information, "Resource {Resource} is resumed by an operator")]
    private static partial void LogResumed(ILogger logger, string resource);

    [LoggerMessage(512, LogLevel.Information, "{ConnectionId} is closed by an operator")]
    private static partial void LogClosed(ILogger logger, string connectionId);

    [LoggerMessage(515, LogLevel.Information, "Resource {Resource} is moved to node {Node} by an operator")]
    private static partial void LogMoved(ILogger logger, string resource, string node);
}

/// <summary>Refuses operator requests that do not present the token.</summary>
/// <remarks>
/// The token is only read from the Authorization header. A browser sends that header only if a script of the page itself
/// adds it, so a foreign page that makes the operator's browser send a request, or that resolves to this address, does not
/// present it; and a URL, which is kept in histories and logs, never contains it.
/// </remarks>
internal sealed partial class OperatorCheck(AdminToken token, TimeProvider time, ILogger<OperatorCheck> logger) : IDisposable
{
    private const string Scheme = "Bearer ";

    private readonly LogThrottle<object> _warnings = new(
        time,
        peer => LogRefused(logger, peer),
        (peer, sum) => LogMoreRefused(logger, peer, sum.Count, sum.Seconds),
        fold: _ => RemoteAddress.Others);

    /// <returns>The error response if the request is refused, or <see langword="null"/>.</returns>
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

    [LoggerMessage(513, LogLevel.Warning, "HTTP: refused to let {Peer} steer, its token is missing or wrong")]
    private static partial void LogRefused(ILogger logger, object peer);

    [LoggerMessage(514, LogLevel.Warning, "HTTP: refused to let {Peer} steer {Count} more times within {Seconds} s, its token is missing or wrong")]
    private static partial void LogMoreRefused(ILogger logger, object peer, long count, int seconds);
}

/// <summary>
/// The secret that authorizes an operator. Only its hash is kept: hashes have the same length whatever was presented, so the
/// comparison always takes the same time.
/// </summary>
internal sealed class AdminToken
{
    private volatile byte[]? _hash;

    public AdminToken(AdminOptions options) => Configure(options);

    /// <summary>Whether a token is set; without one, all operator requests are refused.</summary>
    public bool IsConfigured => _hash is not null;

    /// <summary>Replaces or removes the token; the old one is invalid from now on.</summary>
    public void Configure(AdminOptions options) =>
        _hash = string.IsNullOrEmpty(options.Token) ? null : Hash(options.Token);

    public bool Matches(string? presented) =>
        _hash is { } hash && presented is not null && CryptographicOperations.FixedTimeEquals(hash, Hash(presented));

    private static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
