using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SocketSync.EndToEndTests;

/// <summary>Asks one thing again and again, on a thread of its own and with nothing asynchronous, and notes how long each answer took.</summary>
internal sealed class Probe : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Action _ask;
    private readonly IDisposable _connection;
    private readonly TimeSpan _pause;

    private Probe(Action ask, IDisposable connection, TimeSpan pause)
    {
        _ask = ask;
        _connection = connection;
        _pause = pause;
    }

    /// <summary>Of a port that answers each line with the same line.</summary>
    public static Probe OfEcho(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = (int)Patience.TotalMilliseconds };
        socket.Connect(IPAddress.Loopback, port);
        var (line, reply) = (Encoding.ASCII.GetBytes("are you there?\n"), new byte[64]);
        return new(Ask, socket, TimeSpan.FromMilliseconds(1));

        void Ask()
        {
            socket.Send(line);
            for (var received = 0; received < line.Length;)
            {
                if (socket.Receive(reply, received, line.Length - received, SocketFlags.None) is > 0 and var more) received += more;
                else throw new EndOfStreamException("the echo has ended its stream");
            }

            if (!reply.AsSpan(0, line.Length).SequenceEqual(line)) throw new InvalidDataException("that is no echo");
        }
    }

    public static Probe OfLiveness(Uri server)
    {
        var http = new HttpClient { BaseAddress = server, Timeout = Patience };
        return new(Ask, http, TimeSpan.FromMilliseconds(5));

        void Ask()
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/health/live", UriKind.Relative));
            using var answer = http.Send(request, TestContext.Current.CancellationToken);
            answer.EnsureSuccessStatusCode();
        }
    }

    /// <summary>Asks until it is told to stop; one that does not come took the whole patience, and is the last.</summary>
    public Task<Latencies> MeasureAsync(CancellationToken stop)
    {
        var done = new TaskCompletionSource<Latencies>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(Run) { IsBackground = true, Name = "probe" }.Start();
        return done.Task;

        void Run()
        {
            try
            {
                var milliseconds = new List<double>(16384);
                while (!stop.IsCancellationRequested)
                {
                    var asked = Stopwatch.GetTimestamp();
                    var isAnswered = TryAsk();
                    milliseconds.Add(Stopwatch.GetElapsedTime(asked).TotalMilliseconds);
                    if (!isAnswered) break;
                    Thread.Sleep(_pause);
                }

                done.SetResult(new(milliseconds));
            }
            catch (Exception error)
            {
                done.SetException(error);
            }
        }
    }

    public void Dispose() => _connection.Dispose();

    private bool TryAsk()
    {
        try
        {
            _ask();
            return true;
        }
        catch (Exception error) when (error is SocketException { SocketErrorCode: SocketError.TimedOut } or OperationCanceledException)
        {
            return false;
        }
    }
}

/// <summary>What a probe has measured, in milliseconds.</summary>
internal sealed class Latencies
{
    public Latencies(List<double> milliseconds)
    {
        Assert.NotEmpty(milliseconds);
        milliseconds.Sort();
        Count = milliseconds.Count;
        Median = milliseconds[Count / 2];
        P99 = milliseconds[Math.Min(Count - 1, Count * 99 / 100)];
        Most = milliseconds[^1];
    }

    public int Count { get; }

    public double Median { get; }

    public double P99 { get; }

    public double Most { get; }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"p50 {Median:0.0}, p99 {P99:0.0}, most {Most:0.0} ms ({Count})");
}
