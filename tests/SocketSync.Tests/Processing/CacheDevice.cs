using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using System.IO.Pipelines;

namespace SocketSync.Tests;

/// <summary>What a device does with a request.</summary>
internal enum DeviceAct
{
    Answer,
    AnswerLater,
    Refuse,
    StaySilent,
    HangUp,
    GoAway,
}

/// <summary>A request that the device has served.</summary>
/// <param name="Number">A read's reply says it, so that it is known whose reply a client has.</param>
/// <param name="Unit">The unit.</param>
/// <param name="Function">The function.</param>
/// <param name="Address">The first register.</param>
/// <param name="IsException">The reply was an exception.</param>
/// <param name="ServedAt">When (a timestamp of the system).</param>
internal sealed record DeviceEvent(uint Number, byte Unit, byte Function, ushort Address, bool IsException, long ServedAt);

/// <summary>A Modbus TCP device in memory. Each reply to a read carries a number that no other has.</summary>
/// <param name="acts">What it does with request after request, from the first again at the end.</param>
internal sealed class CacheDevice(DeviceAct[] acts) : ILink
{
    private const int RequestLength = 12;

    private readonly Lock _sync = new();
    private readonly List<DeviceEvent> _events = [];
    private int _asked;
    private int _awayFor;

    /// <summary>Whether it answers everything at once from now on.</summary>
    public bool IsReliable { get; set; }

    public string Description => "cached";

    public bool KeepsLateBytes => false;

    public TimeSpan FrameGap => TimeSpan.Zero;

    /// <summary>What it has done so far, in order.</summary>
    public IReadOnlyList<DeviceEvent> Events
    {
        get
        {
            lock (_sync)
                return [.. _events];
        }
    }

    public ValueTask<IOpenLink> OpenAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Decrement(ref _awayFor) >= 0)
            throw new LinkException("cached: nobody is there");
        var open = new Open();
        _ = Task.Run(() => ServeAsync(open), CancellationToken.None);
        return new(open);
    }

    private async Task ServeAsync(Open open)
    {
        while (true)
        {
            var read = await open.ToDevice.Reader.ReadAtLeastAsync(RequestLength);
            if (read.Buffer.Length < RequestLength)
                return;
            var request = read.Buffer.Slice(0, RequestLength).ToArray();
            open.ToDevice.Reader.AdvanceTo(read.Buffer.GetPosition(RequestLength));
            var act = IsReliable ? DeviceAct.Answer : acts[_asked++ % acts.Length];
            if (act == DeviceAct.AnswerLater)
                await Task.Delay(1, CancellationToken.None);
            var reply = Serve(request, act);
            if (act is DeviceAct.HangUp or DeviceAct.GoAway)
            {
                _awayFor = act == DeviceAct.GoAway ? 2 : 0;
                open.End();
                return;
            }

            if (act != DeviceAct.StaySilent)
                await open.SendAsync(reply);
        }
    }

    private byte[] Serve(byte[] request, DeviceAct act)
    {
        var isException = act == DeviceAct.Refuse;
        lock (_sync)
        {
            var number = (uint)_events.Count;
            _events.Add(new DeviceEvent(number, request[6], request[7], BinaryPrimitives.ReadUInt16BigEndian(request.AsSpan(8)), isException, Stopwatch.GetTimestamp()));
            byte[] pdu = isException ? [(byte)(request[7] | 0x80), 4]
                : request[7] == 6 ? request[7..]
                : [request[7], 4, (byte)(number >> 24), (byte)(number >> 16), (byte)(number >> 8), (byte)number];
            return PlainModbus.Tcp((request[0] << 8) | request[1], request[6], pdu);
        }
    }

    private sealed class Open : IOpenLink
    {
        private readonly LinkOutput _output;

        private readonly Lock _sync = new();
        private readonly Pipe _toRelay = new(new PipeOptions(useSynchronizationContext: false));
        private bool _isOver;

        public Open() => _output = new LinkOutput(ToDevice.Writer, () => default);

        public Pipe ToDevice { get; } = new(new PipeOptions(useSynchronizationContext: false, pauseWriterThreshold: 0));

        PipeReader IOpenLink.Input => _toRelay.Reader;

        PipeWriter IOpenLink.Output => _output;

        public ValueTask DisposeAsync()
        {
            ToDevice.Writer.Complete();
            End();
            return default;
        }

        /// <summary>Sends, unless one side has closed.</summary>
        public ValueTask<FlushResult> SendAsync(byte[] bytes)
        {
            lock (_sync)
            {
                if (_isOver)
                    return default;
                _toRelay.Writer.Write(bytes);
            }

            return _toRelay.Writer.FlushAsync();
        }

        public void End()
        {
            lock (_sync)
            {
                _isOver = true;
                _toRelay.Writer.Complete();
            }
        }
    }
}
