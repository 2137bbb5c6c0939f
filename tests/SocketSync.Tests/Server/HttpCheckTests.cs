using Microsoft.Extensions.Configuration;

namespace SocketSync.Tests;

/// <summary>What <c>check</c> says of section Kestrel, which the start would find only when all else is right.</summary>
public sealed class HttpCheckTests
{
    private const string Https = "Kestrel:Endpoints:Secure:Url=https://127.0.0.1:8443";

    [Theory]
    [InlineData($"{Https} Kestrel:Endpoints:Secure:Certificate:Path=/nowhere/server.pfx", "/nowhere/server.pfx")]
    [InlineData($"{Https} Kestrel:Certificates:Default:Path=/nowhere/server.pem Kestrel:Certificates:Default:KeyPath=/nowhere/key.pem", "/nowhere/server.pem")]
    public void WhatKestrelCannotUseIsAProblem(string keys, string told)
    {
        var problem = Assert.Single(Problems(keys));
        Assert.StartsWith("Kestrel:Endpoints:", problem, StringComparison.Ordinal);
        Assert.Contains(told, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("urls=http://127.0.0.1:8080")]
    [InlineData("Kestrel:Endpoints:Plain:Url=http://127.0.0.1:8081")]
    public void WhatItCanUseIsNone(string keys) => Assert.Empty(Problems(keys));

    private static IReadOnlyList<string> Problems(string keys)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(ConfigurationText.HostKeys(keys)).Build();
        return HttpCheck.Problems(configuration, HttpEndPoints.Of(configuration, "localhost"));
    }
}
