namespace SocketSync.Benchmarks;

/// <summary>What a server's runtime says of its heap.</summary>
/// <param name="Alive">Bytes in use after a collection.</param>
/// <param name="Allocated">Bytes allocated since it began.</param>
internal readonly record struct HeapFigures(long Alive, long Allocated);
