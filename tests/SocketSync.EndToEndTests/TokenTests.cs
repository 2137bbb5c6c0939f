using System.Net;

namespace SocketSync.EndToEndTests;

public sealed class TokenTests
{
    public static TheoryData<string, string> Guarded { get; } = new()
    {
        { "POST", "/api/resources/Default/pause" },
        { "POST", "/api/resources/Default/resume" },
        { "DELETE", "/api/connections/any" },
        { "GET", "/api/resources/Default/trace" },
    };

    [Fact]
    public async Task WithoutAConfiguredOneNobodySteersAndTheKeyIsNamed()
    {
        await using var server = await ServerProcess.StartAsync(Settings.EchoLines);
        foreach (var (method, path) in Guarded.Select(row => row.Data))
        {
            foreach (var token in new[] { null, "", "0123456789abcdef" })
            {
                using var answer = await new Operator(server, token).AskAsync(new HttpMethod(method), path);
                Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
                Assert.Contains("SocketSync:Admin:Token", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task WithAnotherOneNobodySteers()
    {
        await using var server = await ServerProcess.StartAsync(Operator.Setting + Settings.EchoLines);
        foreach (var (method, path) in Guarded.Select(row => row.Data))
        {
            foreach (var token in new[] { null, "", "wrong", Operator.Token[..^1], Operator.Token + "x", Operator.Token.ToUpperInvariant() })
            {
                using var answer = await new Operator(server, token).AskAsync(new HttpMethod(method), path);
                Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
                Assert.Equal("Bearer", Assert.Single(answer.Headers.WwwAuthenticate).Scheme);
            }

            // Nor by the right one in the wrong place.
            Assert.Equal(HttpStatusCode.Unauthorized, await new Operator(server, null).StatusOfAsync(new HttpMethod(method), $"{path}?token={Operator.Token}&access_token={Operator.Token}"));
        }

        Assert.Equal("Idle", (await server.StatusAsync()).Resource.State);
        Assert.Equal(HttpStatusCode.NoContent, await new Operator(server).PauseAsync());
    }

    [Fact]
    public async Task IsReadAgainWhenTheFileChanges()
    {
        await using var server = await ServerProcess.StartAsync(Operator.Setting + Settings.EchoLines);
        const string Next = "another-horse-battery";
        server.ChangeFile(Operator.Setting.Replace(Operator.Token, Next, StringComparison.Ordinal) + Settings.EchoLines);
        await Poll.UntilAsync(async () => await new Operator(server, Next).ResumeAsync() == HttpStatusCode.NoContent, () => "the new token is not taken");
        Assert.Equal(HttpStatusCode.Unauthorized, await new Operator(server).ResumeAsync());
        Assert.DoesNotContain("restart", server.Process.Log, StringComparison.Ordinal);

        server.ChangeFile(Settings.EchoLines);
        await Poll.UntilAsync(async () => await new Operator(server, Next).ResumeAsync() == HttpStatusCode.Forbidden, () => "the token still holds");
        Assert.DoesNotContain(Next, server.Process.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task IsNeverShown()
    {
        await using var server = await ServerProcess.StartAsync(Operator.Setting + Settings.EchoLines, """
            "MinimumLevel": { "Default": "Verbose" }
            """);
        Assert.Equal(HttpStatusCode.NoContent, await new Operator(server).PauseAsync());
        Assert.Equal(HttpStatusCode.Unauthorized, await new Operator(server, "a-wrong-one-of-mine").PauseAsync());
        await server.WaitForLogAsync("refused to let 127.0.0.1 steer");
        Assert.DoesNotContain(Operator.Token, server.Process.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("a-wrong-one-of-mine", server.Process.Log, StringComparison.Ordinal);

        using var files = new TestFiles();
        var config = files.Write("appsettings.json", ServerProcess.WholeFile(Operator.Setting + Settings.EchoLines));
        await using var check = new ChildProcess("dotnet", [ServerProcess.Assembly("ServerAssembly"), "check", "--config", config]);
        Assert.Equal(0, await check.ExitAsync(TimeSpan.FromSeconds(20)));
        Assert.DoesNotContain(Operator.Token, check.Log, StringComparison.Ordinal);
    }
}
