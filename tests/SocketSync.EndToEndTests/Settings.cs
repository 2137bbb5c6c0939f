namespace SocketSync.EndToEndTests;

/// <summary>What stands in section SocketSync in many of the tests.</summary>
internal static class Settings
{
    /// <summary>One listener on a free port, and its resource, which echoes lines.</summary>
    public const string EchoLines = """
        "Listeners": { "Default": { "Port": 0 } },
        "Resources": { "Default": { "Protocol": { "Name": "Line" } } }
        """;

    /// <summary>What the log tells, as an error, when a request has said "throw".</summary>
    public const string Thrown = "thrown because the request said so";

    /// <summary>One listener on a free port, and its resource, which does in its turn what the request says.</summary>
    /// <param name="gate">What stands in its gate.</param>
    /// <param name="more">What stands beside listeners and resources, with a comma at its end.</param>
    public static string Scripted(string gate = "", string more = "") => $$"""
        {{more}}
        "Listeners": { "Default": { "Port": 0 } },
        "Resources": { "Default": { "Processor": "Scripted", "Protocol": { "Name": "Line" }, "Gate": { {{gate}} } } }
        """;
}
