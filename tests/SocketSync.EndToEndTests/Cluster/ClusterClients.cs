using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SocketSync.EndToEndTests;

/// <summary>
/// Clients of a resource, each at some node, that ask one numbered request after the other. They connect again, to any node, when they
/// are closed or told that it is unavailable, and never ask again what they do not know the fate of.
/// </summary>
internal sealed class ClusterClients : IAsyncDisposable
{
    // Longer than a node is stopped in any of the tests, and than anybody waits for an owner.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private static int s_last;

    private readonly ClusterNode[] _nodes;
    private readonly string _listener;
    private readonly ConcurrentQueue<Asked> _asked = new();
    private readonly CancellationTokenSource _end = new();
    private readonly Task[] _clients;

    /// <param name="nodes">Where they connect.</param>
    /// <param name="listener">To which listener.</param>
    /// <param name="count">How many they are.</param>
    public ClusterClients(IEnumerable<ClusterNode> nodes, string listener, int count = 9)
    {
        _nodes = [.. nodes];
        _listener = listener;
        _clients = [.. Enumerable.Range(0, count).Select(i => Task.Run(() => RunAsync(i)))];
    }

    public IReadOnlyCollection<Asked> Asked => _asked;

    /// <summary>Waits until each has been answered by somebody.</summary>
    public Task WaitUntilServedAsync(TimeSpan? bound = null)
    {
        var start = Stopwatch.GetTimestamp();
        return Poll.UntilAsync(
            () => _asked.Where(one => one.Ending == Ending.Answered && one.EndedAt > start).Select(one => one.Client).Distinct().Count() == _clients.Length,
            $"not every client of {_listener} is served: {Summary()}", bound);
    }

    /// <summary>How long after a moment the first was answered that had asked after it.</summary>
    public TimeSpan? FirstAnswerAfter(long moment) =>
        _asked.Where(one => one.Ending == Ending.Answered && one.AskedAt > moment).Select(one => (TimeSpan?)Stopwatch.GetElapsedTime(moment, one.EndedAt)).Min();

    public string Summary() => string.Join(", ", _asked.GroupBy(one => one.Ending).Select(ending => $"{ending.Key} {ending.Count()}{Texts(ending)}"));

    public async Task<IReadOnlyCollection<Asked>> StopAsync()
    {
        await _end.CancelAsync();
        await Task.WhenAll(_clients);
        TestContext.Current.TestOutputHelper?.WriteLine($"clients of {_listener}: {Summary()}");
        return _asked;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _end.Dispose();
    }

    private static string Texts(IGrouping<Ending, Asked> ending) => ending.Key is Ending.Refused or Ending.Failed or Ending.Wrong
        ? $" ({string.Join(" | ", ending.Select(one => $"{one.Node}: {one.Text}").Distinct(StringComparer.Ordinal).Take(3))})" : "";

    private async Task RunAsync(int client)
    {
        var turn = client; // They start at different nodes.
        while (!_end.IsCancellationRequested)
        {
            var node = _nodes[turn++ % _nodes.Length];
            // Where a process stands still its kernel takes connections all the same, and all would end up there, one after the other.
            if (node.IsStopped) node = _nodes[turn++ % _nodes.Length];
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(new IPEndPoint(node.Address, node.Port(_listener)), _end.Token).AsTask().WaitAsync(TimeSpan.FromSeconds(1), _end.Token);
                while (!_end.IsCancellationRequested && await AskAsync(socket, client, node))
                    await Task.Delay(Pause, _end.Token);
            }
            catch (Exception error) when (error is SocketException or OperationCanceledException or TimeoutException)
            {
                // Nobody takes connections there now.
            }

            await Task.WhenAny(Task.Delay(5 * Pause, _end.Token));
        }
    }

    // Whether to ask over this connection again. A request in hand is always waited for: the test wants its fate.
    private async Task<bool> AskAsync(Socket socket, int client, ClusterNode node)
    {
        var request = $"{Interlocked.Increment(ref s_last)}";
        var asked = Stopwatch.GetTimestamp();
        var text = new StringBuilder();
        Ending ending;
        try
        {
            using var limit = new CancellationTokenSource(Patience);
            await socket.SendAsync(Encoding.Latin1.GetBytes(request + "\n"), limit.Token);
            var buffer = new byte[256];
            int length;
            do
            {
                length = await socket.ReceiveAsync(buffer, limit.Token);
                text.Append(Encoding.Latin1.GetString(buffer, 0, length));
            }
            while (length > 0 && buffer[length - 1] != (byte)'\n');
            ending = Read(text.ToString(), request, length == 0);
        }
        catch (SocketException)
        {
            ending = Ending.Reset;
        }
        catch (OperationCanceledException)
        {
            ending = Ending.Wrong;
            text.Append($"[nothing more for {Patience}]");
        }

        _asked.Enqueue(new(client, request, node.Name, asked, Stopwatch.GetTimestamp(), ending, text.ToString().TrimEnd()));
        return ending == Ending.Answered;
    }

    private static Ending Read(string text, string request, bool isAtEnd) => text switch
    {
        "" => Ending.Ended,
        _ when isAtEnd || !text.EndsWith('\n') => Ending.Wrong,
        _ when text.StartsWith("ERROR unavailable", StringComparison.Ordinal) || text.StartsWith("ERROR busy", StringComparison.Ordinal) => Ending.Refused,
        _ when text.StartsWith("ERROR ", StringComparison.Ordinal) => Ending.Failed,
        _ when text.StartsWith("ok ", StringComparison.Ordinal) && text.TrimEnd().Split(' ')[^1] == request => Ending.Answered,
        _ => Ending.Wrong,
    };
}

/// <param name="Client">Which client.</param>
/// <param name="Request">What it asked.</param>
/// <param name="Node">Where it was connected.</param>
/// <param name="AskedAt">When it asked.</param>
/// <param name="EndedAt">When it knew what became of it.</param>
/// <param name="Ending">What became of it.</param>
/// <param name="Text">What it was told.</param>
internal sealed record Asked(int Client, string Request, string Node, long AskedAt, long EndedAt, Ending Ending, string Text);

internal enum Ending
{
    Answered,

    /// <summary>Told that it was never tried.</summary>
    Refused,

    /// <summary>Told that it went wrong: it may have been executed.</summary>
    Failed,

    /// <summary>Reset before the answer: it may have been executed.</summary>
    Reset,

    /// <summary>The stream ended with not a byte of an answer.</summary>
    Ended,

    /// <summary>Somebody else's answer, or the end of the stream within one, or nothing at all.</summary>
    Wrong,
}
