using System.IO.Pipelines;

namespace SocketSync;

/// <summary>The data of a telnet connection; what its end has to say to the other one is sent before more is read.</summary>
internal sealed class TelnetInput : PipedInput
{
    private readonly TelnetEnd _end;
    private readonly TelnetWriter _output;

    /// <param name="source">What comes, commands included.</param>
    /// <param name="end">This end; used by this object alone from now on, but for what it does in its own callbacks.</param>
    /// <param name="output">The way to the other end.</param>
    /// <param name="options">How far to read ahead; as far as a link's input if not given.</param>
    public TelnetInput(PipeReader source, TelnetEnd end, TelnetWriter output, PipeOptions? options = null) : base(source, options)
    {
        (_end, _output) = (end, output);
        Start();
    }

    protected override void Pass(ReadOnlySpan<byte> bytes, PipeWriter to) => _end.Decode(bytes, to);

    protected override ValueTask<bool> PassedAsync() => _end.Replies.Length > 0 ? _output.SendAsync(_end.Replies) : new(true);
}
