namespace SocketSync;

/// <summary>What is said aloud to those who do not see the page: a resource's state, when it turns to something unusual or back.</summary>
internal static class Announcement
{
    /// <returns><see langword="null"/>: nothing worth saying.</returns>
    public static string? Of(PageSnapshot? before, PageSnapshot now)
    {
        if (before is null)
            return null;
        var changes = now.Resources.Values
            .Where(resource => before.Resources.TryGetValue(resource.Name, out var old) && Usual(old.State) != Usual(resource.State))
            .Select(resource => $"{resource.Name}: {Usual(resource.State)}.");
        var text = string.Join(' ', changes);
        return text.Length == 0 ? null : text;
    }

    // Idle and busy come and go many times in a second.
    private static string Usual(string state) => state is "Idle" or "Busy" ? "in service" : state;
}
