namespace SocketSync;

/// <summary>How the page names a client: by where it is, or, where that has no name, by its id.</summary>
internal static class ClientAddress
{
    public static string Of(string? remoteEndPoint, string connectionId) =>
        string.IsNullOrEmpty(remoteEndPoint) ? $"client {connectionId}" : remoteEndPoint;

    public static string Of(Client client) => Of(client.RemoteEndPoint?.ToString(), client.Id);
}
