using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;

namespace SocketSync;

/// <summary>
/// Sends feeds as server-sent events. A reader that stalls loses events and then its connection; publishers never wait.
/// </summary>
/// <remarks>
/// Replaces the stream of <see cref="TypedResults"/>, which flushes after each event, sends no comments to detect a dead
/// reader, and waits for a stalled one forever.
/// </remarks>
internal sealed class EventStreams(IHostApplicationLifetime lifetime, TimeProvider time)
{
    /// <summary>Maximum number of concurrent readers; each costs a copy of every event.</summary>
    public const int MaxReaders = 32;

    /// <summary>A reader that accepts no data for this long is disconnected.</summary>
    private static readonly TimeSpan StallTime = TimeSpan.FromSeconds(10);

    /// <summary>Something is sent at least this often; otherwise a dead reader would not be detected.</summary>
    private static readonly TimeSpan HeartbeatTime = TimeSpan.FromSeconds(10);

    /// <summary>Minimum time between two batches. Without it a busy resource would be busy with its readers.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(50);

    private const int MaxUnflushed = 32 * 1024;

    private int _readers;

    /// <summary>The number of connected readers.</summary>
    public int Readers => Volatile.Read(ref _readers);

    /// <param name="context">The request whose response is the event stream.</param>
    /// <param name="subscribe">Begins to read the events, until the token is cancelled.</param>
    /// <param name="kept">How many events are buffered for a slow reader.</param>
    /// <param name="type">How an event is serialized.</param>
    public async Task ServeAsync<T>(HttpContext context, Func<CancellationToken, EventFeedReader<T>> subscribe, int kept, JsonTypeInfo<T> type)
    {
        try
        {
            if (Interlocked.Increment(ref _readers) > MaxReaders || lifetime.ApplicationStopping.IsCancellationRequested)
                await RefuseAsync(context);
            else
                await StreamAsync(context, subscribe, kept, type);
        }
        catch (OperationCanceledException)
        {
            // The reader has disconnected or was too slow, or the server is stopping.
        }
        finally
        {
            Interlocked.Decrement(ref _readers);
        }
    }

    private static Task RefuseAsync(HttpContext context) =>
        TypedResults.Problem($"At most {MaxReaders} readers are served, and none while the server stops.", statusCode: StatusCodes.Status503ServiceUnavailable)
            .ExecuteAsync(context);

    private async Task StreamAsync<T>(HttpContext context, Func<CancellationToken, EventFeedReader<T>> subscribe, int kept, JsonTypeInfo<T> type)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        using var reader = subscribe(end.Token);
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers["X-Accel-Buffering"] = "no"; // Otherwise nginx buffers the events.

        var output = context.Response.BodyWriter;
        using var json = new Utf8JsonWriter(output);
        var lost = 0L;
        while (true)
        {
            var written = 0;
            for (; written < kept && reader.Events.TryRead(out var item); written++)
            {
                WriteText("data: ");
                json.Reset();
                JsonSerializer.Serialize(json, item, type);
                WriteText("\n\n");
                if (output.CanGetUnflushedBytes && output.UnflushedBytes > MaxUnflushed)
                    await FlushAsync(context, end.Token);
            }

            if (reader.Lost is var all && all != lost)
            {
                lost = all;
                WriteText(string.Create(CultureInfo.InvariantCulture, $"event: lost\ndata: {{\"lost\":{all}}}\n\n"));
            }
            else if (written == 0)
            {
                WriteText(":\n\n"); // A comment: ignored by readers, it flushes the headers or shows that the server is alive.
            }

            await FlushAsync(context, end.Token);
            await Task.Delay(Pace, time, end.Token);
            await WaitAsync(reader, end.Token);
        }

        void WriteText(string text) => Encoding.ASCII.GetBytes(text, output);
    }

    private async Task WaitAsync<T>(EventFeedReader<T> reader, CancellationToken end)
    {
        using var heartbeat = new CancellationTokenSource(HeartbeatTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(heartbeat.Token, end);
        try
        {
            await reader.Events.WaitToReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!end.IsCancellationRequested)
        {
            // No events: the caller sends a heartbeat.
        }
    }

    private async Task FlushAsync(HttpContext context, CancellationToken end)
    {
        using var stall = new CancellationTokenSource(StallTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stall.Token, end);
        var result = await context.Response.BodyWriter.FlushAsync(either.Token);
        if (stall.IsCancellationRequested)
            context.Abort();
        if (result.IsCompleted)
            throw new OperationCanceledException("The reader has gone.");
        either.Token.ThrowIfCancellationRequested();
    }
}
