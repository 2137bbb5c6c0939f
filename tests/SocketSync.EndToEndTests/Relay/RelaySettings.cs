namespace SocketSync.EndToEndTests;

/// <summary>What stands in section SocketSync where one listener's clients share one device.</summary>
internal static class RelaySettings
{
    /// <param name="protocol">The clients' protocol.</param>
    /// <param name="link">What stands in its link.</param>
    /// <param name="gate">What stands in its gate.</param>
    /// <param name="more">What stands beside listeners and resources, with a comma at its end.</param>
    /// <param name="processor">Relay or Tunnel.</param>
    public static string Of(string protocol, string link, string gate = "", string more = "", string processor = "Relay") => $$"""
        {{more}}
        "Listeners": { "Default": { "Port": 0 } },
        "Resources": { "Default": {
          "Processor": "{{processor}}", "Protocol": { "Name": "{{protocol}}" }, "Gate": { {{gate}} }, "Link": { {{link}} } } }
        """;

    /// <summary>A link with timeouts short enough to be waited for in a test.</summary>
    public static string Quick(ScriptedDevice device) => Quick(device.Tcp);

    public static string Quick(string link) => $$"""
        {{link}}, "ReplyTimeout": "00:00:00.250", "ReconnectDelay": "00:00:00.020", "MaxReconnectDelay": "00:00:00.100"
        """;

    public static async Task<ServerProcess> StartAsync(ScriptedDevice device, string protocol, string more = "") =>
        await ServerProcess.StartAsync(Of(protocol, Quick(device) + (more.Length > 0 ? ", " + more : "")));
}
