namespace SocketSync.Tests;

public class CommandLineKeysTests
{
    [Fact]
    public void KeysAreTakenInBothForms()
    {
        var keys = CommandLineKeys.Parse(
            ["--SocketSync:IoThreads=2", "--SocketSync:DefaultAddress", "*", "--urls=http://*:1;http://*:2", "--environment", "Staging", "--Serilog:X=a=b", "--A:B="]);

        Assert.Equal(("2", "*", "http://*:1;http://*:2"), (keys["socketsync:iothreads"], keys["SocketSync:DefaultAddress"], keys["urls"]));
        Assert.Equal(("Staging", "a=b", ""), (keys["environment"], keys["Serilog:X"], keys["A:B"]));
    }

    [Theory]
    [InlineData("--confg x", "--confg: is not a known option; did you mean --config?")]
    [InlineData("--confg=x", "--confg: is not a known option; did you mean --config?")]
    [InlineData("--url=x", "--url: is not a known option; did you mean --urls?")]
    [InlineData("--verbose", "--verbose: is not a known option; keys of the configuration are written --Section:Key=value; see --help")]
    [InlineData("-x", "-x: is not a known option; keys of the configuration are written --Section:Key=value; see --help")]
    [InlineData("chek", "chek: is not a known command; did you mean check?")]
    [InlineData("SocketSync:IoThreads=2", "SocketSync:IoThreads: is not a known command; keys of the configuration are written --Section:Key=value; see --help")]
    [InlineData("--SocketSync:IoThreads", "--SocketSync:IoThreads: needs a value, written --SocketSync:IoThreads=VALUE")]
    [InlineData("--SocketSync:IoThreads --urls=x", "--SocketSync:IoThreads: needs a value, written --SocketSync:IoThreads=VALUE")]
    [InlineData("--:x=1", "--:x: is not a known option; keys of the configuration are written --Section:Key=value; see --help")]
    public void AnythingElseIsOneProblem(string tokens, string problem)
    {
        var exception = Assert.Throws<SocketSyncStartupException>(() => CommandLineKeys.Parse(tokens.Split(' ')));
        Assert.Equal(problem, Assert.Single(exception.Problems));
    }

    [Theory]
    [InlineData(2, "--confg", "x")]
    [InlineData(2, "--config")]
    [InlineData(2, "chek")]
    [InlineData(2, "check", "--config", "/nowhere/appsettings.json")]
    [InlineData(2, "check", "--SocketSync:IoThreads=0")]
    [InlineData(2, "check", "--urls", "nonsense")]
    [InlineData(2, "--SocketSync:Listners:A:Port=1")]
    [InlineData(2, "healthcheck", "--url", "nonsense")]
    [InlineData(2, "healthcheck", "extra")]
    [InlineData(1, "healthcheck", "--url", "http://127.0.0.1:1/health/ready")]
    [InlineData(0, "check")]
    [InlineData(0, "check", "--SocketSync:IoThreads", "2")]
    [InlineData(0, "--SocketSync:IoThreads=2", "check")]
    public async Task TheExitCodeTells(int code, params string[] args) => Assert.Equal(code, await ServerCommandLine.InvokeAsync(args));
}
