using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using Orleans.Runtime.Services;
using Orleans.Services;

namespace SocketSync;

/// <summary>
/// How nodes see and steer one another. A service of each silo, called at its address, as <see cref="INodeLink"/> is: a node that can be
/// reached can be asked, whatever else is away.
/// </summary>
/// <remarks>Text only, so that nodes of different versions understand each other: see <see cref="NodeQuestion"/> and <see cref="NodeFeed"/>.</remarks>
internal interface INodeDesk : IGrainService
{
    /// <summary>Asks the node something.</summary>
    /// <returns>The answer; empty if its version does not know the question.</returns>
    [ResponseTimeout("00:00:03")]
    Task<string> AskAsync(string question, string argument);

    /// <summary>Reads the next batch of a feed; there is one after <see cref="NodeFeed.Idle"/> at the latest.</summary>
    /// <param name="reader">Names one who reads, from its first call on.</param>
    /// <param name="feed">What it reads.</param>
    /// <param name="argument">Of which.</param>
    /// <returns>The batch; empty at the end of the feed.</returns>
    [ResponseTimeout("00:00:05")]
    Task<string> ReadAsync(string reader, string feed, string argument);
}

/// <summary>This node's end of <see cref="INodeDesk"/>.</summary>
internal sealed class NodeDesk(GrainId id, Silo silo, ILoggerFactory loggers, HostServices host) : GrainService(id, silo, loggers), INodeDesk
{
    private readonly LocalNode _local = host.Get<LocalNode>();
    private readonly FeedReaders _readers = host.Get<FeedReaders>();

    public Task<string> AskAsync(string question, string argument) => Task.Run(() => _local.Answer(question, argument));

    public Task<string> ReadAsync(string reader, string feed, string argument) => Task.Run(() => _readers.ReadAsync(reader, feed, argument));
}

/// <summary>Calls the <see cref="INodeDesk"/> of another node.</summary>
internal sealed class NodeDeskClient(IServiceProvider services) : GrainServiceClient<INodeDesk>(services)
{
    public INodeDesk Of(SiloAddress silo) => GetGrainService(silo);
}
