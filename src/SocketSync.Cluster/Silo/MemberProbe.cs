using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Orleans;
using Orleans.Runtime;

namespace SocketSync;

/// <summary>
/// Asks the members of the cluster, before this node becomes one, whether they take it for a node. One that they refuse must not get as
/// far as the table of the members: it would find them all unreachable, and vote them dead.
/// </summary>
internal static class MemberProbe
{
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(2);

    /// <returns>The table of the members, as it was before.</returns>
    /// <exception cref="AuthenticationException">A member refuses this node, or is no node to it.</exception>
    public static async Task<MembershipTableData> RunAsync(IMembershipTable table, SiloSettings settings, byte[] secret, CancellationToken cancellationToken)
    {
        await table.InitializeMembershipTableAsync(true, cancellationToken);
        var members = await table.ReadAllAsync(cancellationToken);
        var own = new System.Net.IPEndPoint(NodeAddress.Of(settings.Cluster), settings.Cluster.NodePort);
        await Task.WhenAll(members.Members
            .Where(member => member.Item1.Status == SiloStatus.Active && !member.Item1.SiloAddress.Endpoint.Equals(own))
            .Select(member => ProbeAsync(member.Item1, settings.Tls, secret, cancellationToken)));
        return members;
    }

    private static async Task ProbeAsync(MembershipEntry member, NodeCertificates? tls, byte[] secret, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(AnswerTime);
        try
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(member.SiloAddress.Endpoint, limit.Token);
            await using var stream = new NetworkStream(socket);
            await using var secured = new SslStream(stream);
            await (tls is null ? SecretHandshake.RunAsync(stream, secret, isServer: false, limit.Token) : tls.ConnectAsync(secured, limit.Token));
        }
        catch (AuthenticationException exception)
        {
            throw new AuthenticationException($"node {member.SiloName} at {member.SiloAddress.Endpoint} and this one are not of one cluster: {(exception.InnerException ?? exception).Message}", exception);
        }
        catch (Exception exception) when (exception is SocketException or IOException or OperationCanceledException)
        {
            // It is not there any more, which is for Orleans to find out.
        }
    }
}
