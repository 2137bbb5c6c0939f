namespace SocketSync;

/// <summary>Validates what a listener may be told of watching and of telnet, by the resource that it leads to.</summary>
internal sealed class ConsoleRules(ConfigurationFindings findings)
{
    public void Check(SocketSyncOptions options)
    {
        foreach (var (name, listener) in options.Listeners)
        {
            var path = $"{SocketSyncOptions.SectionName}:{nameof(options.Listeners)}:{name}";
            if (listener.Role == ListenerRole.Watcher)
                CheckWatcher(path, listener, options.Resources.GetValueOrDefault(listener.Resource!));
            else if (listener.Both)
                findings.Report($"{path}:{nameof(listener.Both)}", "True", $"is for a listener with {nameof(listener.Role)} {ListenerRole.Watcher}; leave it out");
        }
    }

    private void CheckWatcher(string path, ListenerOptions listener, ResourceOptions? resource)
    {
        if (findings.IsGivenBelow($"{path}:{nameof(listener.Protocol)}"))
            findings.Report($"{path}:{nameof(listener.Protocol)}", null, "is for clients that ask; a watcher gets the device's bytes as they are");
        if (listener.Transport == SocketTransport.Datagram)
            Report("with Transport Datagram: a sender of datagrams has no connection on which it could watch");
        else if (listener.Routes.Count > 0)
            Report("with Routes: a watcher watches one resource");
        else if (resource is not null && !LinkRules.HasLink(resource))
            Report($"since resource {listener.Resource} has the processor {resource.Processor}: only a device behind Relay or Tunnel can be watched");

        void Report(string why) => findings.Report($"{path}:{nameof(listener.Role)}", nameof(ListenerRole.Watcher), $"must be {ListenerRole.Client} {why}");
    }
}
