using System.Buffers;

namespace SocketSync;

/// <summary>What was written to a line and comes back from its adapter, byte by byte, before any reply.</summary>
internal sealed class LineEcho
{
    private readonly PooledBuffer _written = new();
    private int _returned;
    private bool _isWatched;

    /// <summary>Whether more of it must come before there can be a reply.</summary>
    public bool IsAwaited => _isWatched && _returned < _written.Length;

    /// <summary>Whether all of it has come back as it was written.</summary>
    public bool HasReturned => _isWatched && _returned == _written.Length;

    /// <summary>How many bytes have come back.</summary>
    public int Returned => _returned;

    /// <summary>Writes a request to the line, and keeps a copy to compare with.</summary>
    public void Write(ILinkProtocol protocol, in ReadOnlySequence<byte> request, IBufferWriter<byte> link)
    {
        _written.Set(default);
        protocol.WriteRequest(request, _written);
        link.Write(_written.Written.Span);
        _returned = 0;
        _isWatched = _written.Length > 0;
    }

    /// <summary>Compares new bytes with those that must still come back.</summary>
    /// <returns><see langword="false"/>: they differ, and no echo will come any more.</returns>
    public bool Compare(ReadOnlySequence<byte> news)
    {
        foreach (var segment in news)
        {
            var expected = _written.Written.Span[_returned..];
            var length = Math.Min(segment.Length, expected.Length);
            if (!segment.Span[..length].SequenceEqual(expected[..length]))
                return _isWatched = false;
            _returned += length;
            if (_returned == _written.Length)
                break;
        }

        return true;
    }

    /// <summary>The exchange is over.</summary>
    public void Clear()
    {
        _isWatched = false;
        _written.Clear();
    }
}
