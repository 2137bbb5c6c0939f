using Microsoft.AspNetCore.Http;

namespace SocketSync.Tests;

public sealed class PageOriginTests
{
    [Theory]
    [InlineData("http://localhost:8080", "localhost:8080", true)]
    [InlineData("http://LOCALHOST:8080", "localhost:8080", true)]
    [InlineData("http://[::1]:8080", "[::1]:8080", true)]
    [InlineData("http://ops.example", "ops.example", true)]
    [InlineData("https://ops.example", "ops.example", true)] // a proxy ended TLS
    [InlineData("https://ops.example", "ops.example:443", true)]
    [InlineData("https://ops.example:8443", "ops.example:8443", true)]
    [InlineData("http://evil.example", "localhost:8080", false)]
    [InlineData("http://localhost", "localhost:8080", false)]
    [InlineData("http://localhost:8081", "localhost:8080", false)]
    [InlineData("http://127.0.0.1:8080", "localhost:8080", false)]
    [InlineData("http://localhost.evil.example:8080", "localhost:8080", false)]
    [InlineData("http://localhost:8080@evil.example", "localhost:8080", false)]
    [InlineData("https://ops.example:8443", "ops.example", false)]
    [InlineData("https://ops.example", "ops.example:80", false)]
    [InlineData("null", "localhost:8080", false)]
    [InlineData("", "localhost:8080", false)]
    [InlineData("file://localhost:8080", "localhost:8080", false)]
    [InlineData("chrome-extension://localhost:8080", "localhost:8080", false)]
    [InlineData("http://localhost:8080, http://evil.example", "localhost:8080", false)]
    public void OnlyThePagesOwnIs(string origin, string host, bool isOwn)
    {
        var request = new DefaultHttpContext().Request;
        request.Headers.Origin = origin;
        request.Headers.Host = host;
        Assert.Equal(isOwn, PageOrigin.IsOwn(request));
    }

    [Theory]
    [InlineData("ops.example", true)]
    [InlineData("ops.example, inner.example", true)]
    [InlineData("inner.example, ops.example", false)]
    [InlineData("", false)]
    public void AProxyMaySayTheNameThatItHasReplaced(string forwarded, bool isOwn)
    {
        var request = new DefaultHttpContext().Request;
        request.Headers.Origin = "https://ops.example";
        request.Headers.Host = "127.0.0.1:8080";
        request.Headers["X-Forwarded-Host"] = forwarded;
        Assert.Equal(isOwn, PageOrigin.IsOwn(request));
    }

    [Fact]
    public void TwoOriginsAreNone()
    {
        var request = new DefaultHttpContext().Request;
        request.Headers.Origin = new[] { "http://localhost:8080", "http://localhost:8080" };
        request.Headers.Host = "localhost:8080";
        Assert.False(PageOrigin.IsOwn(request));
    }

    [Fact]
    public void WhoIsNoBrowserSaysNone()
    {
        var request = new DefaultHttpContext().Request;
        request.Headers.Host = "localhost:8080";
        Assert.True(PageOrigin.IsOwn(request));
    }
}
