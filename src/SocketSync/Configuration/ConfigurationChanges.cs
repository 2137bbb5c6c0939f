using System.Collections;
using System.Reflection;

namespace SocketSync;

/// <summary>The difference between a changed configuration and the running one.</summary>
/// <param name="Options">The running options, with every setting updated that can change at run time.</param>
/// <param name="Applied">
/// The names of the resources whose settings differ, and the admin token's key if the token differs.
/// </param>
/// <param name="NeedsRestart">The differences that need a restart, one line each.</param>
internal sealed record ConfigurationChanges(SocketSyncOptions Options, IReadOnlyList<string> Applied, IReadOnlyList<string> NeedsRestart)
{
    public static ConfigurationChanges Between(SocketSyncOptions running, SocketSyncOptions next)
    {
        var restart = new List<string>();
        var applied = new List<string>();
        AddRoot(running, next, restart);
        AddNamed(nameof(next.Listeners), running.Listeners, next.Listeners, restart, (name, a, b) => ListenerKeys(a, b, running, next));
        AddNamed(nameof(next.Resources), running.Resources, next.Resources, restart, (name, a, b) =>
            Keys(a, b).Where(k => k is nameof(a.Processor) or nameof(a.Protocol) or nameof(a.Nodes)).Concat(FixedKeys(a.Link, b.Link)));

        var resources = new Dictionary<string, ResourceOptions>(running.Resources, StringComparer.OrdinalIgnoreCase);
        foreach (var (name, old) in running.Resources)
        {
            if (!next.Resources.TryGetValue(name, out var changed)) continue;
            resources[name] = old with
            {
                Gate = changed.Gate,
                OnError = changed.OnError,
                Notice = changed.Notice,
                Required = changed.Required,
                Cache = changed.Cache,
                Access = Same(typeof(IReadOnlyList<AccessOptions>), old.Access, changed.Access) ? old.Access : changed.Access,
                Link = Live(old.Link, changed.Link),
                SettingsText = changed.SettingsText,
            };
            if (resources[name] != old) applied.Add(name);
        }

        if (running.Admin.Token != next.Admin.Token) applied.Add(AdminOptions.TokenKey);
        return new(running with { Resources = resources, Admin = next.Admin }, applied, restart);
    }

    // The device, its protocol, Units and MaxReplyBytes are fixed when the relay is created; the other settings may change.
    private static LinkOptions? Live(LinkOptions? running, LinkOptions? next)
    {
        if (running is null || next is null) return running;
        var live = next with
        {
            Tcp = running.Tcp,
            Serial = running.Serial,
            Process = running.Process,
            Udp = running.Udp,
            Rfc2217 = running.Rfc2217,
            Rs485 = running.Rs485,
            Protocol = running.Protocol,
            Units = running.Units,
            MaxReplyBytes = running.MaxReplyBytes,
        };
        return live == running ? running : live;
    }

    private static IEnumerable<string> FixedKeys(LinkOptions? running, LinkOptions? next)
    {
        if (running is null || next is null) return running == next ? [] : [nameof(ResourceOptions.Link)];
        return Keys(running, next)
            .Where(k => k is nameof(next.Tcp) or nameof(next.Serial) or nameof(next.Process) or nameof(next.Udp) or nameof(next.Rfc2217) or nameof(next.Rs485)
                or nameof(next.Protocol) or nameof(next.Units) or nameof(next.MaxReplyBytes))
            .Select(k => $"{nameof(ResourceOptions.Link)}:{k}");
    }

    private static void AddRoot(SocketSyncOptions running, SocketSyncOptions next, List<string> restart)
    {
        var changed = Keys(running, next).Except([nameof(next.Listeners), nameof(next.Resources), nameof(next.Admin)], StringComparer.Ordinal);
        restart.AddRange(changed.Select(key => $"{SocketSyncOptions.SectionName}:{key}"));
    }

    private static void AddNamed<T>(
        string kind, Dictionary<string, T> running, Dictionary<string, T> next, List<string> restart, Func<string, T, T, IEnumerable<string>> changed)
    {
        var path = $"{SocketSyncOptions.SectionName}:{kind}";
        foreach (var name in running.Keys.Where(n => !next.ContainsKey(n))) restart.Add($"{path}:{name} is removed");
        foreach (var name in next.Keys.Where(n => !running.ContainsKey(n))) restart.Add($"{path}:{name} is added");
        foreach (var name in running.Keys.Where(next.ContainsKey))
        {
            var keys = string.Join(", ", changed(name, running[name], next[name]));
            if (keys.Length > 0) restart.Add($"{path}:{name} ({keys})");
        }
    }

    // A protocol that both listeners inherit from their resource is reported with the resource.
    private static IEnumerable<string> ListenerKeys(ListenerOptions a, ListenerOptions b, SocketSyncOptions running, SocketSyncOptions next)
    {
        var inherited = IsInherited(a, running) && IsInherited(b, next) && a.Resource == b.Resource;
        return Keys(a, b).Where(k => k != nameof(a.Protocol) || !inherited);
    }

    private static bool IsInherited(ListenerOptions listener, SocketSyncOptions options) =>
        options.Resources.TryGetValue(listener.Resource!, out var resource) && ReferenceEquals(resource.Protocol, listener.Protocol);

    private static IEnumerable<string> Keys(object a, object b) =>
        KnownKeys.Of(a.GetType()).Values.Where(k => !Same(k.Type, k.Property.GetValue(a), k.Property.GetValue(b))).Select(k => k.Name);

    private static bool Same(Type type, object? a, object? b)
    {
        if (a is null || b is null) return a is null && b is null;
        if (ConfigurationValue.IsScalar(type)) return a.Equals(b);
        if (a is not IEnumerable list) return !Keys(a, b).Any();
        var (ofA, ofB) = (list.Cast<object>().ToList(), ((IEnumerable)b).Cast<object>().ToList());
        if (KnownKey.SectionListed(type) is not { } options) return ofA.SequenceEqual(ofB);
        return ofA.Count == ofB.Count && ofA.Zip(ofB).All(entries => Same(options, entries.First, entries.Second));
    }
}
