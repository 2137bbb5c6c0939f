namespace SocketSync;

/// <summary>Validates what a listener may be told of watching and of telnet, by the resource that it leads to.</summary>
internal sealed class ConsoleRules(ConfigurationFindings findings)
{
    public void Check(SocketSyncOptions options)
    {
        foreach (var (name, listener) in options.Listeners)
        {
            var path = $"{SocketSyncOptions.SectionName}:{nameof(options.Listeners)}:{name}";
            var resource = options.Resources.GetValueOrDefault(listener.Resource!);
            if (listener.Telnet)
                CheckTelnet(path, listener, resource);
            if (listener.Role == ListenerRole.Watcher)
                CheckWatcher(path, listener, resource);
            else if (listener.Both)
                findings.Report($"{path}:{nameof(listener.Both)}", "True", $"is for a listener with {nameof(listener.Role)} {ListenerRole.Watcher}; leave it out");
        }
    }

    private void CheckTelnet(string path, ListenerOptions listener, ResourceOptions? resource)
    {
        if (listener.Transport == SocketTransport.Datagram)
            Report("with Transport Datagram: telnet needs a stream");
        else if (listener.Routes.Count > 0)
            Report("with Routes: telnet leads to one serial line");
        else if (listener.Role == ListenerRole.Watcher)
            Report("with Role Watcher: a watcher gets the device's bytes as they are");
        else if (resource is not null && resource.Processor != ProcessorNames.Tunnel && (resource.Processor != ProcessorNames.Relay || listener.Protocol!.Name != RawProtocol.Definition.Name))
            Report($"since resource {listener.Resource} is neither a Tunnel nor a Relay of Raw");
        else if (resource is not null && resource.Link?.Serial is null)
            Report($"since resource {listener.Resource} has no Link:Serial, the line that clients would set");

        void Report(string why) => findings.Report($"{path}:{nameof(listener.Telnet)}", "True", $"must be false {why}");
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
