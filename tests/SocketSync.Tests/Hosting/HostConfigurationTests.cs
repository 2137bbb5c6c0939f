namespace SocketSync.Tests;

public class HostConfigurationTests
{
    [Theory]
    [InlineData("", "SocketSync:DefaultAddress=http://localhost:8080")]
    [InlineData("SocketSync:DefaultAddress=*", "SocketSync:DefaultAddress=http://*:8080")]
    [InlineData("SocketSync:DefaultAddress=::1", "SocketSync:DefaultAddress=http://[::1]:8080")]
    [InlineData("http_ports=8081;8082", "http_ports=http://*:8081 http_ports=http://*:8082")]
    [InlineData("https_ports=8443 http_ports=81", "http_ports=http://*:81 https_ports=https://*:8443")]
    [InlineData("urls=http://+:1;https://[::1]:2/ http_ports=2", "urls=http://+:1 urls=https://[::1]:2/")]
    [InlineData("urls= http_ports=2", "http_ports=http://*:2")]
    [InlineData("urls=http://unix:/run/s", "urls=http://unix:/run/s")]
    [InlineData("Kestrel:Endpoints:A:Url=http://localhost:7 urls=http://*:1", "Kestrel:Endpoints:A:Url=http://localhost:7")]
    public void HttpIsWhereAnyHostServesIt(string keys, string expected) =>
        Assert.Equal(expected.Split(' '), ConfigurationText.Host(keys).Http.Select(e => $"{e.Key}={e.Url}"), StringComparer.Ordinal);

    [Theory]
    [InlineData("http://localhost:5", "localhost", 5)]
    [InlineData("http://LOCALHOST", "localhost", 80)]
    [InlineData("https://127.0.0.1:0", "127.0.0.1", 0)]
    [InlineData("http://[::1]:5", "::1", 5)]
    [InlineData("http://0.0.0.0:5", "0.0.0.0", 5)]
    [InlineData("http://[::]:5", "*", 5)]
    [InlineData("http://+:5", "*", 5)]
    [InlineData("http://example.com:5", "*", 5)]
    [InlineData("http://unix:/run/s", null, 0)]
    public void AHostIsWhereItIsServed(string url, string? host, int port)
    {
        var endPoint = new HttpEndPoint("urls", url);
        Assert.Null(endPoint.Problem);
        Assert.Equal((host, port), (endPoint.Host, endPoint.Port));
        Assert.Equal(url.StartsWith("https", StringComparison.Ordinal), endPoint.IsHttps);
        Assert.Equal(host is null ? "/run/s" : null, endPoint.UnixSocket);
    }

    [Theory]
    [InlineData("urls=nonsense", "urls: 'nonsense': must be a URL such as")]
    [InlineData("urls=http://localhost:99999", "urls: 'http://localhost:99999': must be a URL such as")]
    [InlineData("urls=http://127.0.0.1:1,http://127.0.0.1:2", "urls: 'http://127.0.0.1:1,http://127.0.0.1:2': must be a URL such as http://localhost:8080, its port from 0 to 65535; several in one key are separated by ';'")]
    [InlineData("urls=ftp://localhost:1", "urls: 'ftp://localhost:1': must be a URL such as")]
    [InlineData("urls=http://localhost:1/sync", "urls: 'http://localhost:1/sync': must end with its port, without /sync")]
    [InlineData("urls=https://localhost:0", "urls: 'https://localhost:0': a free port cannot be picked for both addresses of localhost; write https://127.0.0.1:0")]
    [InlineData("http_ports=many", "http_ports: 'http://*:many': must be a URL such as")]
    [InlineData("Kestrel:Endpoints:A:Url=x", "Kestrel:Endpoints:A:Url: 'x': must be a URL such as")]
    [InlineData("Kestrel:Endpoints:A:Protocols=Http1", "Kestrel:Endpoints:A:Url: '': must be a URL such as")]
    public void WhereHttpCannotBeServedIsAProblem(string keys, string problem) =>
        Assert.StartsWith(problem, Assert.Single(Problems(keys)), StringComparison.Ordinal);

    [Theory]
    [InlineData("Port=8080", "8080", "http://localhost:8080 by SocketSync:DefaultAddress")]
    [InlineData("Port=81 http_ports=80;81", "81", "http://*:81 by http_ports")]
    [InlineData("Address=127.0.0.1 urls=http://[::]:56780", "56780", "http://[::]:56780 by urls")]
    [InlineData("Address=::1 urls=http://localhost:56780", "56780", "http://localhost:56780 by urls")]
    [InlineData("Port=7 Kestrel:Endpoints:A:Url=http://localhost:7", "7", "http://localhost:7 by Kestrel:Endpoints:A:Url")]
    public void APortOfHttpIsNoneOfAListener(string keys, string port, string http) => Assert.Equal(
        [$"SocketSync:Listeners:Default:Port: '{port}': must differ from that of HTTP, which is {http}"], Problems(Listener(keys)));

    [Theory]
    [InlineData("Address=127.0.0.1 urls=http://127.0.0.2:56780")]
    [InlineData("Address=:: urls=http://0.0.0.0:56780")]
    [InlineData("Port=0 urls=http://127.0.0.1:0")]
    public void OnePortAtTwoAddressesIsNoClash(string keys) => Assert.Single(ConfigurationText.Host(Listener(keys)).Http);

    [Fact]
    public void EveryFaultIsToldAtOnce()
    {
        // What stands in place of a faulty address or port clashes with nothing.
        var problems = Problems(
            "SocketSync:Listeners:A:Resource=R SocketSync:Listeners:A:Port=x SocketSync:Listeners:B:Resource=R SocketSync:Listeners:B:Port=8080"
            + " SocketSync:Listeners:B:Address=y SocketSync:Listeners:C:Resource=R SocketSync:Listeners:C:Port=7 SocketSync:Resources:R:Processor=Echo"
            + " urls=http://localhost:56780;http://localhost:8080;z;http://*:7");
        Assert.Equal(
            ["SocketSync:Listeners:A:Port", "SocketSync:Listeners:B:Address", "SocketSync:Listeners:C:Port", "urls"],
            problems.Select(p => p.Split(": ")[0]).Order(StringComparer.Ordinal), StringComparer.Ordinal);
    }

    private static string Listener(string keys) => string.Join(' ', keys.Split(' ').Select(k =>
        k.StartsWith("Port=", StringComparison.Ordinal) || k.StartsWith("Address=", StringComparison.Ordinal) ? "SocketSync:Listeners:Default:" + k : k));

    private static IReadOnlyList<string> Problems(string keys) => Assert.Throws<SocketSyncStartupException>(() => ConfigurationText.Host(keys)).Problems;
}
