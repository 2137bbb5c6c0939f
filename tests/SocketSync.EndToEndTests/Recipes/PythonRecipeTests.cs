namespace SocketSync.EndToEndTests;

public sealed class PythonRecipeTests
{
    private static readonly Recipe Adder = Recipe.Of("A Python script as the shared processor");

    [Fact]
    public void TheScriptIsShort() => Assert.InRange(Adder.Python.Split('\n').Length, 1, 15);

    [Fact]
    public async Task AllClientsShareTheSum()
    {
        Tool.Require("python3", "ncat");
        using var files = new TestFiles();
        files.Write("adder.py", Adder.Python);
        await using var server = await Adder.StartInAsync(files.Folder, "Adder");
        var port = $"{(await server.StatusAsync()).Listeners["Adder"].Port}";

        await using (var first = new ChildProcess("ncat", ["127.0.0.1", port]))
        {
            await first.Input.WriteAsync("40\n2\nmany\n");
            first.Input.Close();
            Assert.Equal(0, await first.ExitAsync(TimeSpan.FromSeconds(10)));
            Assert.Equal(["40", "42", "not a whole number"], first.Output);
        }

        using var second = await server.ConnectAsync("Adder");
        Assert.Equal("50", await second.AskAsync("8"));
        await server.WaitForLogAsync(@"'many\n'");
    }
}
