using System.Collections.Concurrent;

namespace SocketSync;

/// <summary>
/// Writes on a thread of its own, so that whoever has something to write never waits for whoever reads it. What does not
/// fit into the queue is lost and counted; the number is told in the place of what was lost.
/// </summary>
/// <remarks>
/// The thread is in the background and nothing waits for it without a bound: a write that never returns does not keep the
/// process from ending.
/// </remarks>
/// <typeparam name="T">What is written.</typeparam>
internal sealed class BackgroundWriter<T> : IDisposable
{
    /// <summary>So much more is taken in of what must not be lost to a flood of the rest.</summary>
    public const int UrgentReserve = 64;

    private readonly BlockingCollection<(T Item, long LostBefore)> _queue;
    private readonly Thread _thread;
    private readonly int _capacity;
    private readonly TimeSpan _flushTime;
    private readonly Action<T> _write;
    private readonly Action<long> _tellLost;
    private readonly Action? _atEnd;
    private long _lost;

    /// <param name="name">The thread's.</param>
    /// <param name="capacity">How much may wait to be written.</param>
    /// <param name="flushTime">How long <see cref="Dispose"/> lets it write what waits.</param>
    /// <param name="write">Writes one; may take as long as it likes.</param>
    /// <param name="tellLost">Tells how many were lost before the next one.</param>
    /// <param name="atEnd">Called when the last one is written.</param>
    public BackgroundWriter(string name, int capacity, TimeSpan flushTime, Action<T> write, Action<long> tellLost, Action? atEnd = null)
    {
        _capacity = capacity;
        _flushTime = flushTime;
        _write = write;
        _tellLost = tellLost;
        _atEnd = atEnd;
        _queue = new(capacity + UrgentReserve);
        _thread = new Thread(Run) { IsBackground = true, Name = name };
        _thread.Start();
    }

    /// <summary>Has it written, or lost; returns at once.</summary>
    public void Write(T item, bool isUrgent = false)
    {
        // Taken by the first that gets in again, and so told in its place.
        var lost = Volatile.Read(ref _lost) == 0 ? 0 : Interlocked.Exchange(ref _lost, 0);
        if (!TryAdd((item, lost), isUrgent))
            Interlocked.Add(ref _lost, lost + 1);
    }

    /// <summary>Takes no more, and waits until what is in the queue is written; not longer than the time set for that.</summary>
    public void Dispose()
    {
        _queue.CompleteAdding();
        _thread.Join(_flushTime);
    }

    private bool TryAdd((T Item, long LostBefore) entry, bool isUrgent)
    {
        try
        {
            return (isUrgent || _queue.Count < _capacity) && _queue.TryAdd(entry);
        }
        catch (InvalidOperationException)
        {
            return false; // It is completed.
        }
    }

    private void Run()
    {
        foreach (var (item, lostBefore) in _queue.GetConsumingEnumerable())
        {
            try
            {
                TellLost(lostBefore);
                _write(item);
            }
            catch (Exception)
            {
                Interlocked.Increment(ref _lost); // The next may be luckier.
            }

            if (_queue.Count == 0) TellLost(Interlocked.Exchange(ref _lost, 0)); // Perhaps nothing comes after them.
        }

        TellLost(Interlocked.Exchange(ref _lost, 0));
        _atEnd?.Invoke();
    }

    private void TellLost(long lost)
    {
        if (lost == 0) return;
        try
        {
            _tellLost(lost);
        }
        catch (Exception)
        {
            Interlocked.Add(ref _lost, lost);
        }
    }
}

/// <summary>The process's stderr, which may be a pipe that nobody reads: nothing waits for it, but the end of the process, and that not long.</summary>
internal static class StandardErrorWriter
{
    private const int Capacity = 1000;

    private static readonly TimeSpan FlushTime = TimeSpan.FromSeconds(1);

    private static readonly BackgroundWriter<string> Writer = new(
        "stderr", Capacity, FlushTime, static line => Console.Error.WriteLine(line), static lost => Console.Error.WriteLine($"{lost} lines are lost here"));

    /// <summary>Writes a line soon; returns at once.</summary>
    public static void WriteLine(string line) => Writer.Write(line);

    /// <summary>Waits, not for long, until all is written. Nothing more is.</summary>
    public static void Close() => Writer.Dispose();
}
