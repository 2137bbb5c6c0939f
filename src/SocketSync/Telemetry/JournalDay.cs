using System.Net;

namespace SocketSync;

/// <summary>
/// What the journal knows of the last day, added up for each resource: in hours, the oldest of which is forgotten when the next begins.
/// </summary>
internal sealed class JournalDay(TimeProvider time)
{
    private const int Hours = 24;

    /// <summary>Clients of an hour by their address; more of them are added up as others.</summary>
    private const int MostClients = 100;

    private static readonly TimeSpan OneHour = TimeSpan.FromHours(1);

    private readonly Lock _sync = new();
    private readonly Dictionary<string, List<Hour>> _resources = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Adds a turn or a refusal.</summary>
    /// <param name="resource">Of which resource.</param>
    /// <param name="client">Its client, by <see cref="RemoteAddress.Of"/>.</param>
    /// <param name="isServed">Whether it was answered.</param>
    /// <param name="endedAt">When it was over; they come in this order, but for what is read back.</param>
    /// <param name="took">How long it had the resource.</param>
    /// <param name="waited">How long it waited.</param>
    public void Add(string resource, object client, bool isServed, DateTimeOffset endedAt, TimeSpan took, TimeSpan waited)
    {
        lock (_sync)
        {
            if (!_resources.TryGetValue(resource, out var hours))
                _resources[resource] = hours = new List<Hour>(Hours + 1);
            if (hours.Count == 0 || endedAt >= hours[^1].Start + OneHour)
            {
                Forget(hours);
                hours.Add(new Hour(Start(endedAt)));
            }

            hours[^1].Add(client, isServed, endedAt, took, waited);
        }
    }

    /// <summary>Reads back what an earlier process has written: the last of it, at most so many bytes of a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="most">How many bytes.</param>
    /// <param name="until">What ended later is this process's own.</param>
    /// <exception cref="IOException">It cannot be read.</exception>
    public void Read(string path, long most, DateTimeOffset until)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var skipped = Math.Max(0, file.Length - most);
        file.Position = skipped;
        using var reader = new StreamReader(file);
        if (skipped > 0)
            reader.ReadLine(); // within a line
        var from = time.GetUtcNow().AddHours(-Hours);
        while (reader.ReadLine() is { } text)
        {
            if (JournalLine.Parse(text) is not { } line || line.EndedAt < from || line.EndedAt > until || line.Kind is JournalLine.LeaseKind or JournalLine.LostKind)
                continue;
            object client = IPEndPoint.TryParse(line.RemoteEndPoint ?? "", out var ip) ? RemoteAddress.Of(ip) : RemoteAddress.UnixSocket;
            Add(line.Resource, client, line.Outcome is "ok" or "cached", line.EndedAt, line.Took, line.Waited);
        }
    }

    /// <summary>The sum of what is known of a resource; <see langword="null"/> if nothing is.</summary>
    public JournalSum? Of(string resource)
    {
        lock (_sync)
        {
            if (!_resources.TryGetValue(resource, out var hours))
                return null;
            Forget(hours);
            if (hours.Count == 0)
                return null;
            var sum = new Hour(hours[0].Start);
            foreach (var hour in hours)
                sum.Add(hour);
            return sum.Sum();
        }
    }

    private static DateTimeOffset Start(DateTimeOffset at) => new(at.UtcTicks - (at.UtcTicks % TimeSpan.TicksPerHour), TimeSpan.Zero);

    private void Forget(List<Hour> hours)
    {
        var oldest = Start(time.GetUtcNow()).AddHours(-Hours);
        hours.RemoveAll(hour => hour.Start <= oldest);
    }

    private sealed class Hour(DateTimeOffset start)
    {
        private readonly Dictionary<object, ClientSum> _clients = [];
        private DateTimeOffset? _first;
        private JournalPeak? _longestTurn;
        private JournalPeak? _longestWait;

        public DateTimeOffset Start { get; } = start;

        public void Add(object client, bool isServed, DateTimeOffset endedAt, TimeSpan took, TimeSpan waited)
        {
            Of(client).Add(asked: 1, isServed ? 0 : 1, took, waited);
            _first ??= endedAt;
            if (_longestTurn is null || took > _longestTurn.Time)
                _longestTurn = new(took, client, endedAt);
            if (_longestWait is null || waited > _longestWait.Time)
                _longestWait = new(waited, client, endedAt);
        }

        public void Add(Hour other)
        {
            foreach (var (client, sum) in other._clients)
                Of(client).Add(sum.Asked, sum.Unserved, sum.Held, sum.Waited);
            _first ??= other._first;
            _longestTurn = Longer(_longestTurn, other._longestTurn);
            _longestWait = Longer(_longestWait, other._longestWait);
        }

        public JournalSum Sum() => new(
            _first ?? Start,
            _clients.Values.Sum(client => client.Asked),
            _clients.Values.Sum(client => client.Unserved),
            _longestTurn,
            _longestWait,
            [.. _clients.OrderByDescending(client => client.Value.Held)
                .Select(client => new JournalClient(client.Key.ToString()!, client.Value.Asked, client.Value.Unserved, client.Value.Held, client.Value.Waited))]);

        private static JournalPeak? Longer(JournalPeak? one, JournalPeak? other) => one is null || other?.Time > one.Time ? other : one;

        private ClientSum Of(object client)
        {
            if (_clients.TryGetValue(client, out var sum))
                return sum;
            if (_clients.Count >= MostClients)
                client = RemoteAddress.Others;
            if (!_clients.TryGetValue(client, out sum))
                _clients[client] = sum = new ClientSum();
            return sum;
        }
    }

    private sealed class ClientSum
    {
        public long Asked { get; private set; }

        public long Unserved { get; private set; }

        public TimeSpan Held { get; private set; }

        public TimeSpan Waited { get; private set; }

        public void Add(long asked, long unserved, TimeSpan held, TimeSpan waited)
        {
            Asked += asked;
            Unserved += unserved;
            Held += held;
            Waited += waited;
        }
    }
}

/// <summary>What is known of the last day of a resource.</summary>
/// <param name="Since">When the first of it was over.</param>
/// <param name="Asked">How many requests there were.</param>
/// <param name="Unserved">How many of them were not answered.</param>
/// <param name="LongestTurn">The turn that took longest.</param>
/// <param name="LongestWait">The request that waited longest.</param>
/// <param name="Clients">Its clients by address; first the one that had it longest.</param>
internal sealed record JournalSum(
    DateTimeOffset Since, long Asked, long Unserved, JournalPeak? LongestTurn, JournalPeak? LongestWait, IReadOnlyList<JournalClient> Clients);

/// <param name="Time">How long it was.</param>
/// <param name="Client">Whose it was: an address, or a text in its place.</param>
/// <param name="EndedAt">When it was over.</param>
internal sealed record JournalPeak(TimeSpan Time, object Client, DateTimeOffset EndedAt);

internal sealed record JournalClient(string Address, long Asked, long Unserved, TimeSpan Held, TimeSpan Waited);
