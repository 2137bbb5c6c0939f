using System.Globalization;

namespace SocketSync;

/// <summary>
/// How .NET's sockets move bytes: on few threads, and without a hop to the pool after each read. The runtime reads both
/// settings when the first socket is made.
/// </summary>
internal static class SocketEngine
{
    public static void Prepare(int ioThreads)
    {
        SetUnlessGiven("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
        SetUnlessGiven("DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT", ioThreads.ToString(CultureInfo.InvariantCulture));
    }

    private static void SetUnlessGiven(string name, string value)
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(name))) Environment.SetEnvironmentVariable(name, value);
    }
}
