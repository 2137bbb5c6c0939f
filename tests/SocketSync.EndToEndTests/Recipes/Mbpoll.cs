namespace SocketSync.EndToEndTests;

/// <summary>The Modbus client <c>mbpoll</c>. References count from 1, as it has them.</summary>
internal static class Mbpoll
{
    public static async Task<string> ReadAsync(int port, int unit, int reference, int count = 1)
    {
        await using var client = Start(port, unit, "-1", "-r", $"{reference}", "-c", $"{count}", "127.0.0.1");
        Assert.True(await client.ExitAsync(TimeSpan.FromSeconds(20)) == 0, client.Log);
        return string.Join(' ', Values(client));
    }

    public static async Task WriteAsync(int port, int unit, int reference, params int[] values)
    {
        await using var client = Start(port, unit, ["-r", $"{reference}", "127.0.0.1", .. values.Select(value => $"{value}")]);
        Assert.True(await client.ExitAsync(TimeSpan.FromSeconds(20)) == 0, client.Log);
        Assert.Contains($"Written {values.Length} references.", client.Log, StringComparison.Ordinal);
    }

    /// <summary>Reads one register again and again, until it is disposed of.</summary>
    public static ChildProcess Poll(int port, int unit, int reference) =>
        Start(port, unit, "-l", "11", "-r", $"{reference}", "-c", "1", "127.0.0.1");

    // Line by line: what it prints is read while it runs.
    public static ChildProcess Start(int port, int unit, params string[] more) =>
        new("stdbuf", ["-oL", "mbpoll", "-m", "tcp", "-p", $"{port}", "-a", $"{unit}", "-t", "4", "-o", "5", .. more]);

    /// <summary>What it has read, such as <c>[1]: 111</c>.</summary>
    public static IReadOnlyList<string> Values(ChildProcess client) =>
        [.. client.Output.Where(line => line.StartsWith('[')).Select(line => line.Replace("\t", "", StringComparison.Ordinal))];
}
