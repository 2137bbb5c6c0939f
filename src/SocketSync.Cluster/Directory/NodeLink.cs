using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using Orleans.Runtime.Services;
using Orleans.Services;

namespace SocketSync;

/// <summary>
/// How the nodes talk to each other of who owns what. A service of each silo, called at its address, so that a call needs neither the
/// store nor the grain directory, which may have lost a part with a node.
/// </summary>
/// <remarks>Strings, numbers and bytes of JSON only, so that nodes of different versions understand each other.</remarks>
internal interface INodeLink : IGrainService
{
    /// <summary>Asks a node what it owns.</summary>
    /// <param name="instance">The life of the node of which something is known.</param>
    /// <param name="version">The version of its report that is known.</param>
    /// <returns>Its <see cref="NodeReport"/>; nothing if it is as known.</returns>
    [ResponseTimeout("00:00:02")]
    Task<byte[]> AskAsync(long instance, long version);

    /// <summary>Tells a node what another one owns.</summary>
    [ResponseTimeout("00:00:02")]
    Task TellAsync(byte[] report);

    /// <summary>Asks the owner of a resource to give it up in favour of another node.</summary>
    /// <returns>What is against it; empty if it does so.</returns>
    [ResponseTimeout("00:00:10")]
    Task<string> MoveAsync(string resource, string node);
}

/// <summary>This node's end of <see cref="INodeLink"/>.</summary>
internal sealed class NodeLink(GrainId id, Silo silo, ILoggerFactory loggers, NodeVoice voice) : GrainService(id, silo, loggers), INodeLink
{
    public Task<byte[]> AskAsync(long instance, long version)
    {
        var report = voice.Report();
        return Task.FromResult(report.Instance == instance && report.Version == version ? [] : report.ToJson());
    }

    public Task TellAsync(byte[] report)
    {
        if (NodeReport.OfJson(report) is { } told)
            voice.Directory.Learn(told);
        return Task.CompletedTask;
    }

    public async Task<string> MoveAsync(string resource, string node) => await voice.Move(resource, node) ?? "";
}

/// <summary>Calls the <see cref="INodeLink"/> of another node.</summary>
internal sealed class NodeLinkClient(IServiceProvider services) : GrainServiceClient<INodeLink>(services)
{
    public INodeLink Of(SiloAddress silo) => GetGrainService(silo);
}
