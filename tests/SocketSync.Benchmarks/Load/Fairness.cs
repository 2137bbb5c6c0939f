namespace SocketSync.Benchmarks;

/// <summary>How evenly connections were served.</summary>
internal static class Fairness
{
    /// <returns>Least over most; 0 where nobody was served.</returns>
    public static double Of(long least, long most) => most == 0 ? 0 : (double)least / most;
}
