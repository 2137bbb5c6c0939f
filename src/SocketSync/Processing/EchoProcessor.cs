using System.Buffers;

namespace SocketSync;

/// <summary>Replies with the request.</summary>
internal sealed class EchoProcessor : IImmediateProcessor
{
    public ReadOnlySequence<byte> Answer(in ReadOnlySequence<byte> request) => request;
}
