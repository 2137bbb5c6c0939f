using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace SocketSync.Tests;

/// <summary>What a client asks.</summary>
/// <param name="Unit">The unit; 0 is the broadcast.</param>
/// <param name="Function">3, 4 or 6.</param>
/// <param name="Address">The first register of two, or the one to write.</param>
/// <param name="Leaves">Whether it leaves the line right after.</param>
internal sealed record CacheStep(byte Unit, byte Function, ushort Address, bool Leaves)
{
    public bool IsWrite => Function == 6;
}

/// <summary>A request that is over, with times of the system's clock.</summary>
/// <param name="Step">What was asked.</param>
/// <param name="InvokedAt">Before it arrived.</param>
/// <param name="ArrivedAt">After it had arrived.</param>
/// <param name="EndedAt">When it was over.</param>
/// <param name="Outcome">How it has ended.</param>
/// <param name="Reply">What the client got: the function and its data.</param>
internal sealed record CacheRequest(CacheStep Step, long InvokedAt, long ArrivedAt, long EndedAt, Outcome Outcome, byte[] Reply)
{
    /// <summary>The number that the reply to a read carries; <see langword="null"/> if there is no such reply.</summary>
    public uint? Number => Outcome.IsAnswered() && !Step.IsWrite && Reply[0] == Step.Function ? BinaryPrimitives.ReadUInt32BigEndian(Reply.AsSpan(2)) : null;
}

/// <summary>What clients asked and a device served, and whether all replies may have been given.</summary>
internal sealed class CacheHistory
{
    private readonly ConcurrentBag<CacheRequest> _requests = [];

    public IReadOnlyCollection<CacheRequest> Requests => _requests;

    public void Add(CacheRequest request) => _requests.Add(request);

    /// <summary>Checks every reply to a read.</summary>
    /// <param name="events">What the device has served, in order.</param>
    /// <param name="maxAge">The oldest reply that may be given.</param>
    public void Check(IReadOnlyList<DeviceEvent> events, TimeSpan maxAge)
    {
        var writes = _requests.Where(request => request.Step.IsWrite).ToList();
        var ageTicks = (long)(maxAge.TotalSeconds * Stopwatch.Frequency);
        var given = new HashSet<uint>();
        foreach (var read in _requests.Where(request => request.Number is not null))
        {
            var source = events[(int)read.Number!.Value];
            Is(source is { IsException: false } && (source.Unit, source.Function, source.Address) == (read.Step.Unit, read.Step.Function, read.Step.Address), read, source);
            Is(source.ServedAt >= read.InvokedAt - ageTicks, read, source);
            Is(source.ServedAt <= read.EndedAt, read, source);
            if (read.Outcome == Outcome.Ok)
                Is(given.Add(source.Number), read, source); // its own turn's; only the others share

            foreach (var write in writes.Where(w => w.ArrivedAt < read.InvokedAt && w.Step.Unit is var unit && (unit == 0 || unit == read.Step.Unit)))
            {
                // Of several equal ones it is not known which was served; the last that may be it is.
                if (events.LastOrDefault(e => IsServed(e, write)) is not { } served)
                    continue; // it was never written
                Is(source.ServedAt >= write.InvokedAt, read, source, write);
                if (write.Outcome == Outcome.Ok && write.EndedAt < read.InvokedAt)
                    Is(source.Number > events.First(e => IsServed(e, write)).Number, read, source, write);
            }
        }

        foreach (var refused in _requests.Where(r => !r.Step.IsWrite && r.Outcome.IsAnswered() && r.Number is null).GroupBy(r => r.Step with { Leaves = false }))
        {
            Assert.All(refused, request => Assert.Equal(Outcome.Ok, request.Outcome));
            Assert.True(
                refused.Count() <= events.Count(e => e.IsException && (e.Unit, e.Function, e.Address) == (refused.Key.Unit, refused.Key.Function, refused.Key.Address)),
                $"an exception was given to two: {refused.Key}");
        }
    }

    private static bool IsServed(DeviceEvent served, CacheRequest write) =>
        served.Function == 6 && served.Unit == write.Step.Unit && served.Address == write.Step.Address
        && served.ServedAt >= write.InvokedAt && served.ServedAt <= write.EndedAt;

    private static void Is(
        bool condition, CacheRequest read, DeviceEvent source, CacheRequest? write = null,
        [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(condition))] string? what = null)
    {
        if (!condition)
            Assert.Fail(string.Create(CultureInfo.InvariantCulture, $"not so: {what}\n{read}\n{source}\n{write}"));
    }
}
