using System.Collections.Concurrent;

namespace SocketSync;

/// <summary>
/// Writes on its own thread, so that producers never wait for a slow reader. Items that do not fit into the queue are lost
/// and counted; the count is written in their place.
/// </summary>
/// <remarks>
/// It is a background thread, and nothing waits for it without a timeout: a write that never returns does not keep the
/// process from ending.
/// </remarks>
/// <typeparam name="T">The type of the items.</typeparam>
internal sealed class BackgroundWriter<T> : IDisposable
{
    /// <summary>Additional capacity for urgent items, which must not be lost to a flood of others.</summary>
    public const int UrgentReserve = 64;

    private readonly BlockingCollection<(T Item, long LostBefore)> _queue;
    private readonly Thread _thread;
    private readonly int _capacity;
    private readonly TimeSpan _flushTime;
    private readonly Action<T> _write;
    private readonly Action<long> _tellLost;
    private readonly Action? _atEnd;
    private long _lost;

    /// <param name="name">The thread's name.</param>
    /// <param name="capacity">Maximum number of queued items, urgent ones excepted.</param>
    /// <param name="flushTime">How long <see cref="Dispose"/> waits for the queue to be written.</param>
    /// <param name="write">Writes one item; may block.</param>
    /// <param name="tellLost">Writes how many items were lost before the next one.</param>
    /// <param name="atEnd">Called after the last item is written.</param>
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

    /// <summary>Queues the item, or drops it if the queue is full; returns at once.</summary>
    public void Write(T item, bool isUrgent = false)
    {
        // The next item that is queued carries the count, so that it is written in the right place.
        var lost = Volatile.Read(ref _lost) == 0 ? 0 : Interlocked.Exchange(ref _lost, 0);
        if (!TryAdd((item, lost), isUrgent))
            Interlocked.Add(ref _lost, lost + 1);
    }

    /// <summary>Accepts no more items, and waits until the queue is written, but not longer than the flush time.</summary>
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
            return false; // Adding is completed.
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
                Interlocked.Increment(ref _lost); // The next write may succeed.
            }

            if (_queue.Count == 0) TellLost(Interlocked.Exchange(ref _lost, 0)); // No further item may come to carry the count.
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

/// <summary>
/// Writes to stderr, which may be a pipe that nobody reads: only the end of the process waits for it, and only briefly.
/// </summary>
internal static class StandardErrorWriter
{
    private const int Capacity = 1000;

    private static readonly TimeSpan FlushTime = TimeSpan.FromSeconds(1);

    private static readonly BackgroundWriter<string> Writer = new(
        "stderr", Capacity, FlushTime, static line => Console.Error.WriteLine(line), static lost => Console.Error.WriteLine($"{lost} lines are lost here"));

    /// <summary>Queues a line; returns at once.</summary>
    public static void WriteLine(string line) => Writer.Write(line);

    /// <summary>Waits briefly until all lines are written. Later lines are dropped.</summary>
    public static void Close() => Writer.Dispose();
}
