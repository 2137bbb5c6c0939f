namespace SocketSync;

/// <summary>One thing wrong with the configuration, told as one line.</summary>
/// <param name="Key">The key's full path, such as <c>SocketSync:Listeners:Default:Port</c>.</param>
/// <param name="Value">What stands there; <see langword="null"/> where nothing does, or where it is a secret.</param>
/// <param name="Allowed">What is allowed, as words that end the sentence.</param>
internal sealed record ConfigurationProblem(string Key, string? Value, string Allowed)
{
    public override string ToString() =>
        Value is null ? $"{Key}: {Allowed}" : $"{Key}: '{Value}': {Allowed}";
}
