using System.Collections.Concurrent;

namespace SocketSync.EndToEndTests;

/// <summary>
/// What the clients of one resource asked and were told in a round, and what its device says that it did. Each request has an id of
/// its own, so that the two can be held against each other.
/// </summary>
internal sealed class SoakLedger(string resource)
{
    /// <summary>The client was closed, or left: it does not know.</summary>
    public const string Unknown = "unknown";

    /// <summary>The request was never sent whole.</summary>
    public const string Unfinished = "unfinished";

    public const string Ok = "ok";
    public const string Busy = "busy";
    public const string Unavailable = "unavailable";
    public const string TimedOut = "timeout";

    private readonly ConcurrentDictionary<string, string> _told = new(StringComparer.Ordinal);
    private int _next;

    public string Resource => resource;

    public IReadOnlyDictionary<string, int> Counts => _told.Values.CountBy(outcome => outcome, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);

    /// <summary>A number that no other request of this round has.</summary>
    public int NextNumber() => Interlocked.Increment(ref _next);

    public void Begin(string id, string outcome = Unknown) => Assert.True(_told.TryAdd(id, outcome), $"{id} is used twice");

    public void Told(string id, string outcome) => _told[id] = outcome;

    /// <summary>What a line that came back says of a request: only its own reply, or an error.</summary>
    public void ToldByLine(string id, string? line)
    {
        if (line is null) return;
        if (line == "=" + id) Told(id, Ok);
        else if (line.StartsWith("ERROR ", StringComparison.Ordinal)) Told(id, line.Split(' ')[1]);
        else Assert.Fail($"{resource}: {Short(id)} was answered by '{Short(line)}'");
    }

    /// <summary>Holds it against what the device did, and begins anew.</summary>
    /// <param name="executed">The ids, as often as the device did them, with how it ended.</param>
    public void Settle(IEnumerable<(string Id, Fate Fate)> executed)
    {
        var done = executed.ToLookup(e => e.Id, e => e.Fate, StringComparer.Ordinal);
        foreach (var each in done) Assert.True(_told.ContainsKey(each.Key), $"{resource}: the device did '{Short(each.Key)}', which nobody asked");
        foreach (var (id, outcome) in _told) AssertJust(id, outcome, [.. done[id]]);
        _told.Clear();
        _next = 0;
    }

    private static string Short(string text) => text.Length < 80 ? text : $"{text[..60]}… ({text.Length} characters)";

    private void AssertJust(string id, string outcome, Fate[] fates)
    {
        var what = $"{resource}: {Short(id)} was told {outcome}; the device knows [{string.Join(", ", fates)}]";
        // Only a Modbus read may be written again, on a fresh link, when the old one died without a reply.
        var most = id.StartsWith("3 ", StringComparison.Ordinal) ? 2 : 1;
        Assert.True(fates.Length <= most && fates.SkipLast(1).All(fate => fate == Fate.Died), what);
        Assert.True(
            outcome switch
            {
                // Also one that the device sent too late for it to know: on a machine that is busy, the server's time may be up later.
                Ok => fates.Length > 0 && fates[^1] != Fate.Died,
                Busy or Unfinished or "too-large" => fates.Length == 0,
                Unavailable => Array.TrueForAll(fates, fate => fate == Fate.Died),
                TimedOut or Unknown => true,
                _ => false,
            },
            what);
    }
}
