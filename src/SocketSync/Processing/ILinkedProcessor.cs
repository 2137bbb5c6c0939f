using System.Buffers;

namespace SocketSync;

/// <summary>A processor that has a device behind it.</summary>
internal interface ILinkedProcessor
{
    LinkKeeper Keeper { get; }

    /// <summary>The Modbus units that do not answer and are not asked for a while.</summary>
    IReadOnlyList<int> RestingUnits => [];

    /// <summary>What a request is told at once, in place of standing in line; it costs the device nothing.</summary>
    Outcome? Refusal(Client client, in ReadOnlySequence<byte> request) => null;
}
