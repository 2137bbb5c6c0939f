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

    public bool IsDrained { get; init; }

    public TimeSpan Turnaround { get; init; }

    public bool HangsUpAtOnce { get; init; }

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
        var device = new Device(() => Open--);
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

    public sealed class Device(Action closed) : IOpenLink
    {
        private readonly Pipe _toRelay = new(new PipeOptions(useSynchronizationContext: false));
        private readonly Pipe _toDevice = new(new PipeOptions(useSynchronizationContext: false));

        public bool IsClosed { get; private set; }

        PipeReader IOpenLink.Input => _toRelay.Reader;

        PipeWriter IOpenLink.Output => _toDevice.Writer;

        /// <summary>Waits for so many characters of a request.</summary>
        public async Task<string> ReadAsync(int length)
        {
            var result = await _toDevice.Reader.ReadAtLeastAsync(length).AsTask().WaitAsync(TimeSpan.FromSeconds(20));
            var text = Encoding.Latin1.GetString(result.Buffer);
            _toDevice.Reader.AdvanceTo(result.Buffer.End);
            return text;
        }

        public async Task SendAsync(string text) => await _toRelay.Writer.WriteAsync(Encoding.Latin1.GetBytes(text));

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
                closed();
                _toRelay.Writer.Complete();
                _toDevice.Writer.Complete();
            }

            return ValueTask.CompletedTask;
        }
    }
}
