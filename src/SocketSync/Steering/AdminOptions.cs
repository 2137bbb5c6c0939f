namespace SocketSync;

/// <summary>Who may steer the server over HTTP.</summary>
internal sealed class AdminOptions
{
    [Secret, BearerToken]
    public string? Token { get; init; }
}
