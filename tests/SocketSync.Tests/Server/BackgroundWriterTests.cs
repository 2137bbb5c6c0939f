using System.Collections.Concurrent;

namespace SocketSync.Tests;

public sealed class BackgroundWriterTests : IDisposable
{
    private const int Capacity = 10;

    private static readonly TimeSpan FlushTime = TimeSpan.FromMilliseconds(200);

    private readonly SemaphoreSlim _inWrite = new(0);
    private readonly SemaphoreSlim _go = new(0);
    private readonly ConcurrentQueue<string> _written = [];
    private readonly BackgroundWriter<string> _writer;
    private bool _hasEnded;

    public BackgroundWriterTests() => _writer = new(
        "test",
        Capacity,
        FlushTime,
        item =>
        {
            _inWrite.Release();
            _go.Wait();
            _written.Enqueue(item);
        },
        lost => _written.Enqueue($"({lost} lost)"),
        () => Volatile.Write(ref _hasEnded, true));

    public void Dispose()
    {
        _go.Release(1_000_000);
        _writer.Dispose();
        _inWrite.Dispose();
    }

    [Fact]
    public async Task AWriteThatHangsHoldsUpNobodyAndWhatIsLostIsToldInItsPlace()
    {
        await HangAsync();
        for (var i = 1; i <= Capacity + 5; i++) _writer.Write($"{i}");

        _go.Release(2); // "hung" and "1": there is room again
        await EnterAsync(2);
        _writer.Write("late");
        _go.Release(1_000_000);
        _writer.Dispose();
        Assert.Equal(["hung", .. Numbers(1, Capacity), "(5 lost)", "late"], _written, StringComparer.Ordinal);
    }

    [Fact]
    public async Task TheyAreToldWhenNothingComesAfterThemToo()
    {
        await HangAsync();
        for (var i = 1; i <= Capacity + 5; i++) _writer.Write($"{i}");
        _go.Release(1_000_000);
        await SyncHost.Until(() => _written.Contains("(5 lost)", StringComparer.Ordinal), "the loss is told");
        _writer.Dispose();
        Assert.Equal(["hung", .. Numbers(1, Capacity), "(5 lost)"], _written, StringComparer.Ordinal);
    }

    [Fact]
    public async Task WhatIsUrgentFindsRoomAmongWhatIsNot()
    {
        await HangAsync();
        for (var i = 1; i <= Capacity; i++) _writer.Write($"{i}");
        for (var i = 0; i < BackgroundWriter<string>.UrgentReserve + 3; i++) _writer.Write("urgent", isUrgent: true);
        _go.Release(1_000_000);
        _writer.Dispose();
        Assert.Equal(1 + Capacity + BackgroundWriter<string>.UrgentReserve + 1, _written.Count);
        Assert.Equal("(3 lost)", _written.Last());
    }

    [Fact]
    public async Task TheEndWaitsForWhatIsInTheQueueAndNotForAWriteThatHangs()
    {
        await HangAsync();
        var before = TimeProvider.System.GetTimestamp();
        _writer.Dispose();
        Assert.InRange(TimeProvider.System.GetElapsedTime(before), FlushTime / 2, TimeSpan.FromSeconds(10));
        Assert.False(Volatile.Read(ref _hasEnded));

        _writer.Write("too late"); // neither thrown nor written
        _go.Release(1_000_000);
        await SyncHost.Until(() => Volatile.Read(ref _hasEnded), "it has ended");
        Assert.Equal(["hung", "(1 lost)"], _written, StringComparer.Ordinal);
    }

    [Fact]
    public async Task AWriteThatFailsIsALossLikeAnother()
    {
        ConcurrentQueue<string> written = [];
        using var writer = new BackgroundWriter<int>(
            "test", Capacity, TimeSpan.FromSeconds(20), i => written.Enqueue(i < 3 ? throw new IOException("full") : $"{i}"), lost => written.Enqueue($"({lost} lost)"));
        for (var i = 0; i < 4; i++)
        {
            var lost = written.Count;
            writer.Write(i);
            await SyncHost.Until(() => written.Count > lost, "it is written, or its loss told");
        }

        Assert.Equal(["(1 lost)", "(1 lost)", "(1 lost)", "3"], written, StringComparer.Ordinal);
    }

    [Fact]
    public async Task EachIsWrittenOrCountedWhateverComesTogether()
    {
        const int Each = 100_000;
        long written = 0, lost = 0;
        using (var writer = new BackgroundWriter<int>("test", Capacity, TimeSpan.FromSeconds(20), _ => written++, count => lost += count))
        {
            await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
            {
                for (var i = 0; i < Each; i++) writer.Write(i);
            })));
        }

        Assert.True(written > 0 && lost > 0, $"{written} written, {lost} lost: nothing was contended");
        Assert.Equal(4 * Each, written + lost);
    }

    private static IEnumerable<string> Numbers(int from, int to) => Enumerable.Range(from, to - from + 1).Select(i => $"{i}");

    private async Task HangAsync()
    {
        _writer.Write("hung");
        await EnterAsync(1);
    }

    private async Task EnterAsync(int times)
    {
        for (var i = 0; i < times; i++) Assert.True(await _inWrite.WaitAsync(TimeSpan.FromSeconds(20)), "it writes");
    }
}
