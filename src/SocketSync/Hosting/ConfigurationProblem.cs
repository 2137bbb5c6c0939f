namespace SocketSync;

/// <summary>One thing wrong with the configuration, told as one line.</summary>
/// <param name="Key">The key's full path, such as <c>SocketSync:Listeners:Default:Port</c>.</param>
/// <param name="Value">What stands there; <see langword="null"/> where nothing does, or where it is a secret.</param>
/// <param name="Allowed">What is allowed, as words that end the sentence.</param>
internal sealed record ConfigurationProblem(string Key, string? Value, string Allowed)
{
    private const int LongestValue = 200;

    public override string ToString() =>
        Value is null ? $"{OneLine.Of(Key)}: {OneLine.Of(Allowed)}" : $"{OneLine.Of(Key)}: '{OneLine.Of(Shortened(Value))}': {OneLine.Of(Allowed)}";

    private static string Shortened(string value) => value.Length <= LongestValue ? value : value[..LongestValue] + "…";
}
