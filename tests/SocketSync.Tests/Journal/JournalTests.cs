using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace SocketSync.Tests;

/// <summary>What a journal tells, and what becomes of it when it cannot be written.</summary>
public sealed class JournalTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("socketsync-").FullName;
    private readonly FakeTimeProvider _time = new();

    private string Current => Path.Combine(_folder, "log.jsonl");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ATurnIsALineWithWhatTheEventsTell(bool payloads)
    {
        using var journal = Begin(payloads);
        using var host = new SyncHost(time: _time, journal: journal);
        var client = host.Connect();
        await client.SendAsync("one\n");
        Assert.Equal("one", await client.ReadLineAsync());
        var line = Assert.Single(await LinesAsync(1));
        Assert.Equal("turn", line.GetProperty("kind").GetString());
        Assert.Equal("R", line.GetProperty("resource").GetString());
        Assert.Equal("L", line.GetProperty("listener").GetString());
        Assert.Equal("ok", line.GetProperty("outcome").GetString());
        Assert.Equal(4, line.GetProperty("requestBytes").GetInt64());
        Assert.Equal(4, line.GetProperty("replyBytes").GetInt64());
        Assert.Equal(_time.GetUtcNow(), line.GetProperty("endedAt").GetDateTimeOffset());
        Assert.Equal(payloads, line.TryGetProperty("request", out var request));
        if (payloads) Assert.Equal(("6f6e650a", "6f6e650a"), (request.GetString(), line.GetProperty("reply").GetString()));
    }

    [Fact]
    public async Task WhatIsNoRequestIsALineToo()
    {
        using var journal = Begin();
        using var host = new SyncHost(time: _time, protocol: new ProtocolOptions { Name = "Line", MaxRequestBytes = 8 }, journal: journal);
        await host.Connect().SendAsync("longer than it may be\n");
        var line = Assert.Single(await LinesAsync(1));
        Assert.Equal(("refusal", "too-large"), (line.GetProperty("kind").GetString(), line.GetProperty("outcome").GetString()));
    }

    /// <summary>A trace has what the resource was asked, whether or not there is a journal.</summary>
    [Fact]
    public async Task ARefusedRequestIsWrittenDownWithItsBytesAndNotTraced()
    {
        using var journal = Begin(payloads: true);
        using var host = new SyncHost(new HeldProcessor(), new GateOptions { MaxQueue = 0 }, time: _time, journal: journal);
        using var trace = host.Telemetry.Trace.Subscribe(10);
        await host.ConnectAndHoldAsync("a\n");
        var refused = host.Connect();
        await refused.SendAsync("b\n");
        Assert.StartsWith("ERROR busy", await refused.ReadLineAsync(), StringComparison.Ordinal);
        var line = Assert.Single(await LinesAsync(1));
        Assert.Equal(("refusal", "busy", "620a"), (line.GetProperty("kind").GetString(), line.GetProperty("outcome").GetString(), line.GetProperty("request").GetString()));
        Assert.True(trace.Events.TryRead(out var first) && first.Direction == TraceEntry.Request);
        Assert.False(trace.Events.TryRead(out _));
    }

    /// <summary>What it sends in line is thrown away by somebody else, while its refusal is written down.</summary>
    [Fact]
    public async Task WhoWaitsWithANoticeInVainIsWrittenDownWithoutARequest()
    {
        using var journal = Begin(payloads: true);
        using var host = new SyncHost(new HeldProcessor(), new GateOptions { WaitTimeout = TimeSpan.FromSeconds(1) }, protocol: new ProtocolOptions { Name = "Raw" }, time: _time, journal: journal);
        host.Listener.Routes[0].Notice = true;
        await host.ConnectAndHoldAsync("a");
        var waiter = await host.ConnectAndWaitAsync("b", inLine: 1);
        await waiter.SendAsync("typed in vain");
        _time.Advance(TimeSpan.FromSeconds(1));
        var line = Assert.Single(await LinesAsync(1));
        Assert.Equal(("refusal", "busy", 0L), (line.GetProperty("kind").GetString(), line.GetProperty("outcome").GetString(), line.GetProperty("requestBytes").GetInt64()));
    }

    [Fact]
    public async Task WhatCannotBeWrittenIsCountedToldOnceAndHoldsNobodyUp()
    {
        var log = new LogList();
        using var journal = Begin(log: log);
        using var host = new SyncHost(time: _time, journal: journal);
        var client = host.Connect();
        Directory.CreateDirectory(Current + ".moved");
        File.Move(Current, Path.Combine(Current + ".moved", "log"));
        Directory.CreateDirectory(Current); // in its place, which no file can take
        for (var i = 0; i < 3; i++)
        {
            await client.SendAsync("one\n");
            Assert.Equal("one", await client.ReadLineAsync());
            await SyncHost.Until(() => journal.Lost == i + 1, "its loss is counted");
        }

        Assert.Equal(LogLevel.Warning, Assert.Single(log.Entries).Level);
        Directory.Delete(Current);
        await client.SendAsync("two\n");
        var lines = await LinesAsync(2);
        Assert.Equal("lost,turn", string.Join(',', lines.Select(line => line.GetProperty("kind").GetString())));
        Assert.Equal(3, lines[0].GetProperty("lost").GetInt64());

        // Until none was lost for a while: what is full takes some lines and others not.
        Assert.Single(log.Entries);
        _time.Advance(TimeSpan.FromSeconds(10));
        await SyncHost.Until(() => log.Entries.Count == 2, "it is told how many were lost");
        Assert.Contains("3 lines are lost", log.Entries.Last().Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MoreThanCanBeWrittenInTimeIsLostAndSaidSo()
    {
        var log = new LogList();
        var journal = new JournalWriter(new JournalOptions { Path = Current, MaxBytes = 1 << 30 }, new JournalDay(_time), _time, log);
        var client = new Client("1", remoteEndPoint: null, "L", certificate: null);
        var entry = new JournalEntry(JournalKind.Served, "R", client, Outcome.Ok, 0, 0, 0, 1, 1, Node: null, Payload: null);
        const int Entries = 200_000;
        for (var i = 0; i < Entries; i++) journal.Add(entry); // nobody writes them yet
        Assert.True(journal.Lost > 0);
        journal.Start();
        journal.Dispose(); // which waits for a second only
        var lines = await LinesAsync((int)(Entries - journal.Lost) + 1);
        var told = lines.Where(line => line.GetProperty("kind").ValueEquals("lost")).Sum(line => line.GetProperty("lost").GetInt64());
        Assert.Equal(journal.Lost, told);
        Assert.Equal(Entries - told, lines.Count(line => line.GetProperty("kind").ValueEquals("turn")));
        Assert.Single(log.Entries);
    }

    [Fact]
    public void AFileThatCannotBeWrittenKeepsTheHostFromStarting()
    {
        using var journal = new JournalWriter(new JournalOptions { Path = Path.Combine(_folder, "nowhere", "log.jsonl") }, new JournalDay(_time), _time, NullLogger.Instance);
        var problem = Assert.Single(Assert.Throws<SocketSyncStartupException>(journal.Start).Problems);
        Assert.StartsWith("SocketSync:Journal:Path: \"", problem, StringComparison.Ordinal);
    }

    private JournalWriter Begin(bool payloads = false, LogList? log = null)
    {
        var journal = new JournalWriter(new JournalOptions { Path = Current, Payloads = payloads }, new JournalDay(_time), _time, log ?? (ILogger)NullLogger.Instance);
        journal.Start();
        return journal;
    }

    private async Task<List<JsonElement>> LinesAsync(int least)
    {
        await SyncHost.Until(() => File.Exists(Current) && File.ReadAllLines(Current).Length >= least, "the lines are written");
        return [.. File.ReadAllLines(Current).Select(line => JsonElement.Parse(line))];
    }
}
