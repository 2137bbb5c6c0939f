namespace SocketSync.Tests;

public class ResourceTraceTests
{
    [Fact]
    public async Task HasTheBytesOfRequestsAndReplies()
    {
        using var host = new SyncHost();
        using var reader = host.Telemetry.Trace.Subscribe(10);
        var client = host.Connect();
        await client.SendAsync("a\n");
        Assert.Equal("a", await client.ReadLineAsync());
        Assert.Equal(("request", "a\n"), Next(reader));
        Assert.Equal(("reply", "a\n"), Next(reader));
        Assert.False(reader.Events.TryRead(out _));
    }

    [Fact]
    public async Task OfWhatIsLongItHasTheBeginning()
    {
        using var host = new SyncHost();
        using var reader = host.Telemetry.Trace.Subscribe(10);
        var client = host.Connect();
        await client.SendAsync(new string('x', TraceEntry.MaxBytes) + "\n");
        await client.ReadLineAsync();
        Assert.True(reader.Events.TryRead(out var entry));
        Assert.Equal((TraceEntry.MaxBytes + 1, TraceEntry.MaxBytes), (entry.Length, entry.Bytes.Length));
    }

    [Fact]
    public async Task HasNoReplyWhereNoneWasSent()
    {
        var processor = new HeldProcessor();
        using var host = new SyncHost(processor, new GateOptions { TurnTimeout = TimeSpan.FromSeconds(1) });
        using var reader = host.Telemetry.Trace.Subscribe(10);
        var client = await host.ConnectAndHoldAsync("a\n");
        host.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.StartsWith("ERROR timeout", await client.ReadLineAsync(), StringComparison.Ordinal);
        await SyncHost.Until(() => host.Gate.GetStatus().Holder is null, "the turn is over");
        Assert.Equal(("request", "a\n"), Next(reader));
        Assert.False(reader.Events.TryRead(out _));
    }

    private static (string Direction, string Text) Next(EventFeedReader<TraceEntry> reader)
    {
        Assert.True(reader.Events.TryRead(out var entry));
        return (entry.Direction, System.Text.Encoding.ASCII.GetString(entry.Bytes.Span));
    }
}
