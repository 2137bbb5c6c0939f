namespace SocketSync.EndToEndTests;

/// <summary>What stands in section SocketSync in many of the tests.</summary>
internal static class Settings
{
    /// <summary>One listener on a free port, and its resource, which echoes lines.</summary>
    public const string EchoLines = """
        "Listeners": { "Default": { "Port": 0 } },
        "Resources": { "Default": { "Protocol": { "Name": "Line" } } }
        """;

    /// <summary>The same on a node of several, by name.</summary>
    /// <param name="node">The node's name.</param>
    /// <param name="redis">The port of their store.</param>
    /// <param name="owners">The nodes that may own the resource, as JSON; none: any.</param>
    public static string Node(string node, int redis, string owners = "") => $$"""
        "Admin": { "Token": "correct-horse-battery" },
        "Listeners": { "Default": { "Port": 0 } },
        "Resources": { "Default": { "Protocol": { "Name": "Line" }, "Nodes": [ {{owners}} ] } },
        "Cluster": {
          "Node": "{{node}}", "Store": { "Redis": "127.0.0.1:{{redis}}" }, "Address": "127.0.0.1",
          "NodePort": {{FreePort.Next()}}, "ForwardPort": {{FreePort.Next()}}
        }
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
