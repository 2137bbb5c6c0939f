namespace SocketSync.Benchmarks;

/// <summary>A check of a load run has failed, and the run is over; the message is for the user.</summary>
internal sealed class LoadFailureException(string message) : Exception(message);
