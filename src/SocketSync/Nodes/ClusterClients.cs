using System.Globalization;
using System.Text.Json;

namespace SocketSync;

/// <summary>The clients of all nodes, each once: a forwarded one is known to the node that it is connected to, and to the one that serves it.</summary>
internal sealed class ClusterClients(Topology topology, ClusterNodes? nodes = null)
{
    /// <summary>All clients.</summary>
    public async Task<IReadOnlyList<ConnectionEntry>> ListAsync()
    {
        if (nodes is null)
            return topology.ListConnections();
        return (await ListAsync(nodes, most: 0)).Listed;
    }

    /// <summary>The first of each node, and how many there are.</summary>
    /// <param name="nodes">The nodes.</param>
    /// <param name="most">How many of each node; 0: all.</param>
    public static async Task<(IReadOnlyList<ConnectionEntry> Listed, int Total)> ListAsync(ClusterNodes nodes, int most)
    {
        var answers = await nodes.AskAllAsync(NodeQuestion.Clients, most.ToString(CultureInfo.InvariantCulture));
        List<ClientsReport> reports = [nodes.Local.Clients(most), .. answers.Select(answer => Parse(answer.Answer)).OfType<ClientsReport>()];
        return (Merge(reports.SelectMany(report => report.Clients ?? [])), nodes.Look().Sum(node => node.State == NodeState.Gone ? 0 : node.Report?.Connections ?? 0));
    }

    /// <summary>
    /// Of two entries with one id, takes the figures of the node that serves the client, since it counts the requests; and the time of
    /// the other, where it connected.
    /// </summary>
    public static IReadOnlyList<ConnectionEntry> Merge(IEnumerable<ClientReport> clients)
    {
        var merged = new Dictionary<string, ClientReport>(StringComparer.Ordinal);
        foreach (var client in clients)
        {
            if (!merged.TryGetValue(client.Entry.Id, out var other))
            {
                merged.Add(client.Entry.Id, client);
                continue;
            }

            var served = client.IsServed ? client : other;
            var connectedAt = client.Entry.ConnectedAt < other.Entry.ConnectedAt ? client.Entry.ConnectedAt : other.Entry.ConnectedAt;
            merged[client.Entry.Id] = served with { Entry = served.Entry with { ConnectedAt = connectedAt } };
        }

        return [.. merged.Values.Select(client => client.Entry)];
    }

    private static ClientsReport? Parse(string json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, ReportJson.Default.ClientsReport);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
