namespace SocketSync.EndToEndTests;

/// <summary>Commands and options are completed in a shell.</summary>
public sealed class CompletionTests
{
    private static readonly string Server = ServerProcess.Assembly("ServerAssembly");
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData("[suggest:0]", "", "check", "status", "relay", "--config")]
    [InlineData("[suggest:3]", "che", "check")]
    [InlineData("[suggest:8]", "check --", "--probe", "--config")]
    [InlineData("[suggest:12]", "simulate mod", "modbus", "modbus-rtu")]
    public async Task TheServerSaysWhatFits(string directive, string line, params string[] words)
    {
        await using var server = new ChildProcess("dotnet", [Server, directive, line]);
        Assert.Equal(0, await server.ExitAsync(Soon));
        foreach (var word in words) Assert.Contains(word, server.Output, StringComparer.Ordinal);
        Assert.Empty(server.Errors);
    }

    [Theory]
    [InlineData("chec", "chec", "check")]
    [InlineData("check --pro", "--pro", "--probe")]
    [InlineData("", "", "ask check close healthcheck")]
    public async Task BashCompletesIt(string line, string word, string words)
    {
        var script = $$"""
            source '{{Path.Combine(Recipe.Repository, "docs/completion.bash")}}'
            server() { dotnet '{{Server}}' "$@"; }
            COMP_LINE='server {{line}}' COMP_POINT={{"server ".Length + line.Length}}
            _socketsync server '{{word}}' ''
            printf '%s\n' "${COMPREPLY[@]}" | grep -v '^[-/]*[?h]$'
            """;
        await using var bash = new ChildProcess("bash", ["-c", script], isServer: false);
        await bash.ExitAsync(Soon);
        Assert.Empty(bash.Errors);
        foreach (var each in words.Split(' ')) Assert.Contains(each, bash.Output, StringComparer.Ordinal);
        if (line.Length > 0) Assert.Equal([words], bash.Output);
    }
}
