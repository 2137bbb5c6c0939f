using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>Leads each client to where its listener's resource lives: on to the handler of this node, or to the node that owns it.</summary>
internal sealed partial class Forwarder : IDisposable
{
    /// <summary>For a node on the same network, which answers in a few milliseconds, unless it is busy or not there.</summary>
    private static readonly TimeSpan ConnectTime = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan PauseAtFirst = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan PauseAtMost = TimeSpan.FromMilliseconds(200);

    private readonly IResourceDirectory _directory;
    private readonly ForwardSecret _secret;
    private readonly ForwardTls? _tls;
    private readonly TimeProvider _time;
    private readonly TimeSpan _patience;
    private readonly LogThrottle<Failure> _failures;

    public Forwarder(
        IResourceDirectory directory, ForwardSecret secret, SocketSyncOptions options, CertificatesInUse certificates, TimeProvider time, ILogger<Forwarder> logger)
    {
        (_directory, _secret, _time) = (directory, secret, time);
        _patience = options.Cluster.Lease + options.Cluster.Margin + TimeSpan.FromSeconds(2);
        _tls = options.Cluster.Tls is { } tls ? new ForwardTls(tls, certificates, logger) : null;
        _failures = new(
            time,
            first => LogFailed(logger, first.Resource, first.Node, first.Reason),
            (last, sum) => LogMoreFailed(logger, last.Resource, last.Node, sum.Count, sum.Seconds, last.Reason),
            fold: failure => failure with { Reason = "for several reasons" });
    }

    /// <summary>Serves a client, here or elsewhere, until it is gone.</summary>
    public async Task ServeAsync(ConnectionContext client, ListenerState listener, ConnectionDelegate here)
    {
        // Of a listener with routes all resources have the same single node.
        var route = listener.Routes[0];
        switch (await FindAsync(client, listener, route))
        {
            case null:
                client.Abort(new ConnectionAbortedException("The client has left before it was served."));
                return;

            case { Owner: { } owner, Place: ResourcePlace.Elsewhere place }:
                using (owner)
                {
                    await ForwardAsync(client, owner, place);
                }

                return;

            case { Place: ResourcePlace.Here { Lost: var lost } }:
                await using (lost.UnsafeRegister(static client => ((ConnectionContext)client!).Abort(new("This node does not serve the resource any more.")), client))
                {
                    await here(client);
                }

                return;

            default:
                await here(client); // whose gate is shut: it is told that its resource is unavailable, and closed
                return;
        }
    }

    public void Dispose() => _failures.Dispose();

    private async Task ForwardAsync(ConnectionContext client, OwnerLink owner, ResourcePlace.Elsewhere place)
    {
        using var forwarded = new ForwardedClient(client, owner, _time);
        client.Features.Get<AcceptedConnection>()?.Forward(place.Node, forwarded.Drain);
        await using var lost = place.Lost.UnsafeRegister(static forwarded => ((ForwardedClient)forwarded!).Abort(), forwarded);
        await forwarded.RunAsync();
    }

    /// <summary>Asks where the resource lives, and if need be again, until an owner has taken the client.</summary>
    /// <returns><see langword="null"/> if the client has left meanwhile.</returns>
    private async Task<Found?> FindAsync(ConnectionContext client, ListenerState listener, Route route)
    {
        var departure = new ClientDeparture(client);
        using var left = new CancellationTokenSource();
        await using var leaving = departure.Closed.UnsafeRegister(
            _ =>
            {
                if (departure.HasGone(route.EndOfStream))
                    left.CancelInBackground();
            },
            null);
        var start = _time.GetTimestamp();
        try
        {
            for (var pause = PauseAtFirst; ; pause = pause * 2 > PauseAtMost ? PauseAtMost : pause * 2)
            {
                var place = await _directory.FindAsync(route.Resource.Name, left.Token);
                if (place is not ResourcePlace.Elsewhere elsewhere)
                    return new(place, Owner: null);
                if (await TryOpenAsync(client, listener, route.Resource.Name, elsewhere, left.Token) is { } owner)
                    return new(place, owner);
                if (_time.GetElapsedTime(start) >= _patience)
                    return new(ResourcePlace.Nowhere.Instance, Owner: null);
                await Task.Delay(pause, _time, left.Token);
            }
        }
        catch (OperationCanceledException) when (left.IsCancellationRequested)
        {
            return null;
        }
    }

    private async Task<OwnerLink?> TryOpenAsync(
        ConnectionContext client, ListenerState listener, string resource, ResourcePlace.Elsewhere place, CancellationToken left)
    {
        using var limit = new CancellationTokenSource(ConnectTime, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, left);
        try
        {
            return await OwnerLink.OpenAsync(place.EndPoint, HeaderOf(client, listener, resource), _tls, either.Token);
        }
        catch (ForwardException exception)
        {
            _failures.Add(new(resource, place.Node, exception.Message));
        }
        catch (OperationCanceledException) when (!left.IsCancellationRequested)
        {
            _failures.Add(new(resource, place.Node, "it does not answer"));
        }

        _directory.Forget(resource, place);
        return null;
    }

    private byte[] HeaderOf(ConnectionContext client, ListenerState listener, string resource)
    {
        if (_tls is null && _secret.Value is null)
            throw new ForwardException("the secret of the nodes is not known yet");
        var header = new ForwardHeader
        {
            Node = _directory.Node,
            Listener = listener.Name,
            ConnectionId = client.ConnectionId,
            Resource = resource,
            Client = client.RemoteEndPoint as IPEndPoint,
            Certificate = client.Features.Get<ITlsConnectionFeature>()?.ClientCertificate?.RawData,
            Secret = _tls is null ? _secret.Value : default,
        };
        return header.Write() ?? throw new ForwardException("the client's certificate is too long");
    }

    [LoggerMessage(460, LogLevel.Warning, "Resource {Resource}: a client cannot be led to node {Node}: {Reason}")]
    private static partial void LogFailed(ILogger logger, string resource, string node, string reason);

    [LoggerMessage(461, LogLevel.Warning, "Resource {Resource}: to node {Node} clients could not be led {Count} more times within {Seconds} s: {Reason}")]
    private static partial void LogMoreFailed(ILogger logger, string resource, string node, long count, int seconds, string reason);

    private sealed record Found(ResourcePlace Place, OwnerLink? Owner);

    private readonly record struct Failure(string Resource, string Node, string Reason);
}
