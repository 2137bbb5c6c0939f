using System.Globalization;
using System.IO.Ports;

namespace SocketSync;

/// <summary>Validates what must hold between the keys of a link, and between a link and its resource.</summary>
internal sealed class LinkRules(ConfigurationFindings findings)
{
    private static readonly string[] Linked = [ProcessorNames.Relay, ProcessorNames.Tunnel];
    private static readonly string[] Kinds = [nameof(LinkOptions.Tcp), nameof(LinkOptions.Serial), nameof(LinkOptions.Process), nameof(LinkOptions.Udp), nameof(LinkOptions.Rfc2217)];

    /// <summary>Whether the resource has a device behind it.</summary>
    public static bool HasLink(ResourceOptions resource) => Linked.Contains(resource.Processor, StringComparer.OrdinalIgnoreCase);

    public void Check(SocketSyncOptions options)
    {
        var listeners = options.ListenersByResource();
        foreach (var (name, resource) in options.Resources)
        {
            var path = $"{SocketSyncOptions.SectionName}:{nameof(options.Resources)}:{name}";
            if (findings.IsFaulty($"{path}:{nameof(resource.Processor)}")) continue;
            var link = $"{path}:{nameof(resource.Link)}";
            if (findings.IsFaulty(link)) continue;
            if (HasLink(resource)) Check(link, resource, listeners[name]);
            else if (findings.IsGivenBelow(link))
                findings.Report(link, null, $"is for the processors {string.Join(" and ", Linked)}, not for {resource.Processor}; leave it out");
        }
    }

    private void Check(string path, ResourceOptions resource, IEnumerable<KeyValuePair<string, ListenerOptions>> listeners)
    {
        var link = resource.Link ?? new();
        CheckKind(path);
        CheckRequired($"{path}:{nameof(link.Tcp)}", nameof(TcpLinkOptions.Host), "the device's name or IP address");
        CheckRequired($"{path}:{nameof(link.Tcp)}", nameof(TcpLinkOptions.Port), "the port that the device listens on");
        CheckRequired($"{path}:{nameof(link.Serial)}", nameof(SerialLinkOptions.Device), "the line's path, such as /dev/ttyUSB0");
        CheckRequired($"{path}:{nameof(link.Process)}", nameof(ProcessLinkOptions.FileName), "the program to start");
        CheckRequired($"{path}:{nameof(link.Udp)}", nameof(UdpLinkOptions.Host), "the device's name or IP address");
        CheckRequired($"{path}:{nameof(link.Udp)}", nameof(UdpLinkOptions.Port), "the port that the device listens on");
        CheckRequired($"{path}:{nameof(link.Rfc2217)}", nameof(Rfc2217LinkOptions.Host), "the name or IP address of the server that has the line");
        CheckRequired($"{path}:{nameof(link.Rfc2217)}", nameof(Rfc2217LinkOptions.Port), "the port on which it lets the line be set, by telnet and RFC 2217");
        CheckDatagrams($"{path}:{nameof(link.Udp)}", resource);
        CheckDelays(path, link);
        CheckEcho($"{path}:{nameof(link.LocalEcho)}", path, link, resource);
        CheckRetries($"{path}:{nameof(link.ReadRetries)}", path, link, link.Protocol ?? resource.Protocol);
        CheckDirection($"{path}:{nameof(link.Rs485)}", path, link);
        CheckProtocols(path, resource, link, listeners);
        CheckUnits($"{path}:{nameof(link.Units)}", link, link.Protocol ?? resource.Protocol);
        CheckRest($"{path}:{nameof(link.Rest)}", link.Rest, link.Protocol ?? resource.Protocol);
    }

    private void CheckKind(string path)
    {
        var kinds = Kinds.Where(k => IsMentioned($"{path}:{k}")).ToList();
        if (kinds.Count == 0) findings.Report(path, null, $"must hold one of {string.Join(", ", Kinds)}: the way to the device");
        foreach (var more in kinds.Skip(1)) findings.Report($"{path}:{more}", null, $"must not be given with {kinds[0]}; a link is one of {string.Join(", ", Kinds)}");
    }

    private void CheckRequired(string path, string name, string what)
    {
        var key = $"{path}:{name}";
        if (IsMentioned(path) && !findings.IsGiven(key) && !findings.IsFaulty(key)) findings.Report(key, null, $"must be given: {what}");
    }

    private void CheckDelays(string path, LinkOptions link)
    {
        var most = $"{path}:{nameof(link.MaxReconnectDelay)}";
        var least = $"{path}:{nameof(link.ReconnectDelay)}";
        if (findings.IsFaulty(most) || findings.IsFaulty(least) || link.MaxReconnectDelay >= link.ReconnectDelay) return;
        findings.Report(most, Text(link.MaxReconnectDelay), $"must be at least {nameof(link.ReconnectDelay)}, which is {Text(link.ReconnectDelay)}");
    }

    private void CheckProtocols(string path, ResourceOptions resource, LinkOptions link, IEnumerable<KeyValuePair<string, ListenerOptions>> listeners)
    {
        var own = $"{path}:{nameof(link.Protocol)}";
        if (findings.IsGivenBelow(own))
        {
            if (findings.IsGiven($"{own}:Name")) ProtocolRules.Check(findings, own, link.Protocol!);
            else findings.Report($"{own}:Name", null, "must be given; a device's protocol takes nothing from the clients'");
        }
        else if ((link.Serial ?? (object?)link.Rfc2217) is not null && resource.Processor == ProcessorNames.Relay && !findings.IsFaultyBelow(own)
                 && resource.Protocol.Definition is { IsSpokenOnSerialLines: false } clients)
        {
            var such = ProtocolCatalog.All.First(device => device.IsSpokenOnSerialLines && clients.IsTranslatedTo(device)).Name;
            findings.Report($"{own}:Name", null, $"must be given, such as {such}: no device on a serial line speaks the clients' {clients.Name}");
        }

        if (findings.IsFaulty($"{path}:{nameof(link.MaxReplyBytes)}")) return;
        var isTunnel = resource.Processor.Equals(ProcessorNames.Tunnel, StringComparison.OrdinalIgnoreCase);
        var device = link.Protocol ?? resource.Protocol;
        foreach (var (listenerName, listener) in listeners)
        {
            var clients = listener.Protocol!;
            // Reported where the protocols differ: at the listener if it has its own, else at the link, else at the resource.
            var ofListener = $"{SocketSyncOptions.SectionName}:{nameof(SocketSyncOptions.Listeners)}:{listenerName}:{nameof(listener.Protocol)}:Name";
            var ofResource = $"{path[..path.LastIndexOf(':')]}:{nameof(resource.Protocol)}:Name";
            var differs = findings.IsGiven(ofListener) ? (Key: ofListener, Value: clients.Name)
                : link.Protocol is not null ? (Key: $"{own}:Name", Value: device.Name)
                : (Key: ofResource, Value: device.Name);
            if (findings.IsFaulty(differs.Key)) continue;

            if (isTunnel && (clients.Name != "Raw" || device.Name != "Raw"))
                findings.Report(differs.Key, differs.Value, "must be Raw with the processor Tunnel, which passes bytes as they come");
            else if (!isTunnel && !ProtocolCatalog.CanBeRelayed(clients, device))
                findings.Report(differs.Key, differs.Value, Parting(clients, device));
            else if (!isTunnel)
                CheckReplyLimit(path, link, device);
        }
    }

    private static string Parting(ProtocolOptions clients, ProtocolOptions device) =>
        clients.Name == device.Name
            ? $"must have the settings of the clients' {clients.Name}: requests and replies pass as they are"
            : $"clients of {clients.Name} cannot be served by a device of {device.Name}; {ProtocolCatalog.WhatIsTranslated}";

    private void CheckReplyLimit(string path, LinkOptions link, ProtocolOptions device)
    {
        var least = device.Definition?.SmallestReply(device) ?? 1;
        var key = $"{path}:{nameof(link.MaxReplyBytes)}";
        if (link.MaxReplyBytes < least && !findings.IsFaulty(key))
            findings.Report(key, Number(link.MaxReplyBytes), $"must be at least {least}, to hold the smallest reply of {device.Name}");
    }

    private void CheckUnits(string path, LinkOptions link, ProtocolOptions device)
    {
        if (!findings.IsGivenBelow(path)) return;
        if (device.Definition is not { HasUnits: true })
        {
            findings.Report(path, null, $"is for the protocols {ProtocolCatalog.AsList(ProtocolCatalog.All.Where(p => p.HasUnits))}, not for {device.Name}");
            return;
        }

        foreach (var unit in link.Units.Keys.Where(u => !byte.TryParse(u, NumberStyles.None, CultureInfo.InvariantCulture, out _)))
            findings.Report($"{path}:{unit}", unit, "a unit is a whole number from 0 to 255");
    }

    private void CheckRest(string path, RestOptions rest, ProtocolOptions device)
    {
        if (!findings.IsGivenBelow(path)) return;
        if (device.Definition is not { HasUnits: true })
        {
            findings.Report(path, null, $"is for the protocols {ProtocolCatalog.AsList(ProtocolCatalog.All.Where(p => p.HasUnits))}, not for {device.Name}");
            return;
        }

        var most = $"{path}:{nameof(rest.Most)}";
        if (rest.Most < rest.First && !findings.IsFaulty(most) && !findings.IsFaulty($"{path}:{nameof(rest.First)}"))
            findings.Report(most, Text(rest.Most), $"must be at least {nameof(rest.First)}, which is {Text(rest.First)}");
    }

    private void CheckEcho(string path, string link, LinkOptions options, ResourceOptions resource)
    {
        if (!options.LocalEcho || findings.IsFaulty(path)) return;
        if (!HasLine(link))
            findings.Report(path, "True", $"is for the adapter of a serial line; a link without {nameof(options.Serial)} has none");
        else if (resource.Processor.Equals(ProcessorNames.Tunnel, StringComparison.OrdinalIgnoreCase))
            findings.Report(path, "True", "is not for the processor Tunnel, which passes bytes as they come");
    }

    private void CheckDatagrams(string path, ResourceOptions resource)
    {
        if (IsMentioned(path) && resource.Processor.Equals(ProcessorNames.Tunnel, StringComparison.OrdinalIgnoreCase))
            findings.Report(path, null, "is not for the processor Tunnel, which passes a stream of bytes");
    }

    private void CheckRetries(string path, string link, LinkOptions options, ProtocolOptions device)
    {
        if (options.ReadRetries == 0 || findings.IsFaulty(path)) return;
        var value = Number(options.ReadRetries);
        if (!HasLine(link))
            findings.Report(path, value, $"is for reads on a serial line; a link without {nameof(options.Serial)} asks once");
        else if (device.Definition is { Modbus: not { IsOfSerialLine: true } })
            findings.Report(path, value, $"is for the protocols {ProtocolCatalog.AsList(ProtocolCatalog.All.Where(p => p.Modbus is { IsOfSerialLine: true }))}, not for {device.Name}");
    }

    private void CheckDirection(string path, string link, LinkOptions options)
    {
        if (!findings.IsGivenBelow(path) || options.Rs485 is null) return;
        var handshake = $"{link}:{nameof(options.Serial)}:{nameof(SerialLinkOptions.Handshake)}";
        if (!IsMentioned($"{link}:{nameof(options.Serial)}"))
            findings.Report(path, null, $"is for the driver of a serial line; a link without {nameof(options.Serial)} has none");
        else if (options.Serial is { Handshake: Handshake.RequestToSend or Handshake.RequestToSendXOnXOff } line)
            findings.Report(handshake, line.Handshake.ToString(), $"must not be given with {nameof(options.Rs485)}, which uses RTS itself");
    }

    /// <summary>Whether there is a serial line at the end of the link, of this machine or of another.</summary>
    private bool HasLine(string link) => IsMentioned($"{link}:{nameof(LinkOptions.Serial)}") || IsMentioned($"{link}:{nameof(LinkOptions.Rfc2217)}");

    /// <summary>Whether a value below the path was given, valid or not.</summary>
    private bool IsMentioned(string path) => findings.IsGivenBelow(path) || findings.IsFaulty(path) || findings.IsFaultyBelow(path);

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Text(TimeSpan time) => time.ToString("c", CultureInfo.InvariantCulture);
}
