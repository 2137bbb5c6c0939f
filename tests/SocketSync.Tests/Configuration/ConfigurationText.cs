using System.Text;
using Microsoft.Extensions.Configuration;

namespace SocketSync.Tests;

/// <summary>Configurations written as the file would be, and single keys as the command line would.</summary>
internal static class ConfigurationText
{
    public static IConfigurationRoot Json(string json) =>
        new ConfigurationBuilder().AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(json))).Build();

    /// <param name="keys">"Listeners:Default:Port=1; IoThreads=2", below section SocketSync.</param>
    public static IConfigurationRoot Keys(string keys) =>
        new ConfigurationBuilder().AddInMemoryCollection(keys.Split("; ", StringSplitOptions.RemoveEmptyEntries)
            .Select(k => k.Split('=', 2))
            .Select(k => KeyValuePair.Create<string, string?>("SocketSync:" + k[0], k[1]))).Build();

    /// <param name="keys">"urls=http://*:1 SocketSync:IoThreads=2", at the root.</param>
    public static Dictionary<string, string?> HostKeys(string keys) =>
        keys.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(k => k.Split('=', 2))
            .ToDictionary(k => k[0], k => (string?)k[1], StringComparer.OrdinalIgnoreCase);

    public static HostConfiguration Host(string keys) =>
        HostConfiguration.Read(new ConfigurationBuilder().AddInMemoryCollection(HostKeys(keys)).Build(), ["Echo"]);

    public static ConfigurationResult Read(IConfiguration configuration, params string[] processors) =>
        ConfigurationReader.Read(configuration, ["Echo", .. processors]);

    public static SocketSyncOptions Valid(IConfiguration configuration, params string[] processors)
    {
        var result = Read(configuration, processors);
        Assert.Empty(result.Problems.Select(p => p.ToString()));
        return result.Options;
    }
}
