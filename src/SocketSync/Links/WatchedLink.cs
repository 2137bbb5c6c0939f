using System.Buffers;
using System.IO.Pipelines;

namespace SocketSync;

/// <summary>
/// An open link that is watched: what the device sends is read at once, passed on to the watchers, and kept for whoever uses the link
/// next. Only resources with a listener for watchers have one.
/// </summary>
internal sealed class WatchedLink : IOpenLink
{
    private readonly IOpenLink _link;
    private readonly DeviceWatch _watch;
    private readonly WatchedInput _input;

    public WatchedLink(IOpenLink link, DeviceWatch watch)
    {
        (_link, _watch) = (link, watch);
        if (link.Output is LinkOutput output)
            output.Watch = watch;
        _input = new WatchedInput(link.Input, watch);
    }

    public PipeReader Input => _input.Reader;

    public PipeWriter Output => _link.Output;

    public bool IsEnded => _link.IsEnded;

    public SerialTerminal? Line => _link.Line;

    public async ValueTask DisposeAsync()
    {
        await _link.DisposeAsync(); // ends the pending read
        await _input.CompleteAsync(null);
        _watch.Ended();
    }

    private sealed class WatchedInput : PipedInput
    {
        private readonly DeviceWatch _watch;

        public WatchedInput(PipeReader source, DeviceWatch watch) : base(source)
        {
            _watch = watch;
            Start();
        }

        protected override void Pass(ReadOnlySpan<byte> bytes, PipeWriter to)
        {
            _watch.Said(bytes);
            to.Write(bytes);
        }
    }
}
