namespace SocketSync;

/// <summary>Where the parts of the operator's page are. All in a folder of their own, beside whatever else the host serves.</summary>
internal static class PagePaths
{
    public const string Folder = "_page";

    public const string Hub = $"/{Folder}/hub";

    /// <summary>Where a page says that it was closed.</summary>
    public const string Disconnect = $"{Hub}/disconnect";

    /// <summary>Where Blazor's script says so; it cannot be told another place.</summary>
    public const string Farewell = "/_blazor/disconnect";

    public static string Asset(string file) => $"{Folder}/{file}";
}
