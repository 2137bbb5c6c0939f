using System.Buffers;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace SocketSync.Tests;

/// <summary>A relay whose device and clock are the test's.</summary>
internal sealed class RelayBench : IDisposable
{
    public RelayBench(
        LinkOptions? options = null, bool isRead = false, bool isThere = true, bool keepsLateBytes = false, bool hangsUpAtOnce = false, GateOptions? gate = null,
        ILinkProtocol? protocol = null, ProtocolOptions? clients = null, int takes = int.MaxValue, LogList? log = null, bool isTunnel = false)
    {
        Time = new FakeTimeProvider();
        Start = Time.GetUtcNow();
        Link = new ScriptedLink { IsThere = isThere, KeepsLateBytes = keepsLateBytes, HangsUpAtOnce = hangsUpAtOnce, Takes = takes };
        Manager = new LinkManager("R", Link, options ?? new LinkOptions(), Time, log ?? (Microsoft.Extensions.Logging.ILogger)NullLogger.Instance);
        var protocols = new Dictionary<string, ILinkProtocol>(StringComparer.Ordinal) { ["L"] = protocol ?? new Lines(isRead) };
        Processor = isTunnel ? new TunnelProcessor(Manager, Time) : new RelayProcessor(Manager, protocols, Time);
        Host = new SyncHost(Processor, gate, time: Time, protocol: clients);
        Manager.Start();
    }

    public IRequestProcessor Processor { get; }

    public RelayProcessor Relay => (RelayProcessor)Processor;

    public FakeTimeProvider Time { get; }

    public DateTimeOffset Start { get; }

    public ScriptedLink Link { get; }

    public LinkManager Manager { get; }

    public SyncHost Host { get; }

    public Task UntilUp() => SyncHost.Until(() => Manager.GetStatus().State == LinkState.Up, "the link is up");

    /// <summary>The device's side of the link that is opened after a pause.</summary>
    public async Task<ScriptedLink.Device> ReopenedAsync()
    {
        var next = Link.AcceptAsync();
        await SyncHost.AdvanceUntil(Time, TimeSpan.FromMilliseconds(100), () => next.IsCompleted, "the link is opened again");
        return await next;
    }

    public void Dispose() => Host.Dispose();

    /// <summary>Lines both ways.</summary>
    private sealed class Lines(bool isRead) : ILinkProtocol
    {
        public bool ExpectsReply(in ReadOnlySequence<byte> request) => true;

        public bool IsRead(in ReadOnlySequence<byte> request) => isRead;

        public void WriteRequest(in ReadOnlySequence<byte> request, IBufferWriter<byte> link) => Copy(request, link);

        public ReplyResult FindReply(in ReadOnlySequence<byte> request, in ReadOnlySequence<byte> buffer, long searched, bool isSilent) =>
            buffer.PositionOf((byte)'\n') is { } end ? ReplyResult.Complete(buffer.Slice(0, end).Length + 1) : ReplyResult.Incomplete;

        public void WriteReply(in ReadOnlySequence<byte> request, in ReadOnlySequence<byte> reply, IBufferWriter<byte> client) => Copy(reply, client);

        private static void Copy(in ReadOnlySequence<byte> bytes, IBufferWriter<byte> to)
        {
            foreach (var segment in bytes)
                to.Write(segment.Span);
        }
    }
}
