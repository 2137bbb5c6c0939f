using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Connections;

namespace SocketSync.Tests;

/// <summary>A link whose device is the test.</summary>
internal sealed class ScriptedLink : ILink
{
    private readonly ConcurrentQueue<Device> _opened = new();

    public string Description => "scripted";

    public bool KeepsLateBytes { get; init; }

    public TimeSpan FrameGap { get; init; }

    public bool HangsUpAtOnce { get; init; }

    /// <summary>How many bytes the next device to be opened takes until it is told to take more.</summary>
    public int Takes { get; set; } = int.MaxValue;

    /// <summary>While false, nobody is there.</summary>
    public bool IsThere { get; set; } = true;

    public int Attempts { get; private set; }

    /// <summary>How many are open at this moment; there must never be two.</summary>
    public int Open { get; private set; }

    public int MostOpen { get; private set; }

    public ValueTask<IOpenLink> OpenAsync(CancellationToken cancellationToken)
    {
        Attempts++;
        if (!IsThere)
            throw new LinkException("scripted: nobody is there");
        Open++;
        MostOpen = Math.Max(MostOpen, Open);
        var device = new Device(() => Open--, Takes, knowsEnd: !KeepsLateBytes);
        if (HangsUpAtOnce)
            device.HangUp();
        _opened.Enqueue(device);
        return new(device);
    }

    /// <summary>The device's side of the next link that is opened.</summary>
    public async Task<Device> AcceptAsync()
    {
        Device? device = null;
        await SyncHost.Until(() => _opened.TryDequeue(out device), "the link is opened");
        return device!;
    }

    public sealed class Device : IOpenLink
    {
        // Inline, as LinkInput: whoever wakes a reader runs it.
        private readonly Pipe _toRelay = new(new PipeOptions(readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline, useSynchronizationContext: false));
        private readonly Pipe _toDevice = new(new PipeOptions(useSynchronizationContext: false, pauseWriterThreshold: 0));
        private readonly StallingWire _wire;
        private readonly LinkOutput _output;
        private readonly Action _closed;

        /// <param name="closed">Called when the link is.</param>
        /// <param name="takes">How many bytes it takes at first.</param>
        /// <param name="knowsEnd">The end of a stream can be passed on, as a serial line's cannot.</param>
        public Device(Action closed, int takes, bool knowsEnd)
        {
            _closed = closed;
            _wire = new StallingWire(_toDevice.Writer, takes);
            _output = new LinkOutput(PipeWriter.Create(_wire, new StreamPipeWriterOptions(leaveOpen: true)), () => knowsEnd ? _toDevice.Writer.CompleteAsync() : default);
        }

        public bool IsClosed { get; private set; }

        /// <summary>How many bytes have reached the device.</summary>
        public long Reached => _wire.Reached;

        PipeReader IOpenLink.Input => _toRelay.Reader;

        PipeWriter IOpenLink.Output => _output;

        /// <summary>It takes what comes again.</summary>
        public void Resume() => _wire.Resume();

        /// <summary>Waits for so many characters of a request.</summary>
        public async Task<string> ReadAsync(int length)
        {
            var result = await _toDevice.Reader.ReadAtLeastAsync(length).AsTask().WaitAsync(TimeSpan.FromSeconds(20));
            var text = Encoding.Latin1.GetString(result.Buffer);
            _toDevice.Reader.AdvanceTo(result.Buffer.End);
            return text;
        }

        public async Task SendAsync(string text) => await _toRelay.Writer.WriteAsync(Encoding.Latin1.GetBytes(text));

        public async Task SendAsync(ReadOnlyMemory<byte> bytes) => await _toRelay.Writer.WriteAsync(bytes);

        public void HangUp() => _toRelay.Writer.Complete();

        public void Reset() => _toRelay.Writer.Complete(new ConnectionResetException("reset by the test"));

        /// <summary>Whether a request has come that was not read.</summary>
        public bool HasRequest()
        {
            if (!_toDevice.Reader.TryRead(out var result))
                return false;
            _toDevice.Reader.AdvanceTo(result.Buffer.Start);
            return !result.Buffer.IsEmpty;
        }

        public ValueTask DisposeAsync()
        {
            if (!IsClosed)
            {
                IsClosed = true;
                _wire.Cut();
                _closed();
                _toRelay.Writer.Complete();
                _toDevice.Writer.Complete();
            }

            return ValueTask.CompletedTask;
        }
    }

    /// <summary>Takes so many bytes and then none, as a line whose device holds XOFF: a write waits until it is resumed or cut.</summary>
    private sealed class StallingWire(PipeWriter device, int takes) : Stream
    {
        private readonly Lock _sync = new();
        private TaskCompletionSource _change = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _takes = takes;
        private bool _isCut;

        public long Reached { get; private set; }

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public void Resume() => Change(() => _takes = int.MaxValue);

        public void Cut() => Change(() => _isCut = true);

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            while (true)
            {
                Task change;
                lock (_sync)
                {
                    if (_isCut)
                        throw new IOException("cut");
                    var count = Math.Min(_takes, buffer.Length);
                    device.Write(buffer.Span[..count]);
                    Reached += count;
                    if (_takes != int.MaxValue)
                        _takes -= count;
                    buffer = buffer[count..];
                    change = _change.Task;
                }

                await device.FlushAsync(CancellationToken.None);
                if (buffer.IsEmpty)
                    return;
                await change; // whatever the token says, as a write that the system has taken
            }
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override void Flush()
        {
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        private void Change(Action change)
        {
            lock (_sync)
            {
                change();
                _change.TrySetResult();
                _change = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }
}
