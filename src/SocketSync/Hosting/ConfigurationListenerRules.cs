using System.Globalization;
using System.Text;

namespace SocketSync;

/// <summary>What must hold between the keys of a listener, and between listeners.</summary>
internal sealed class ConfigurationListenerRules(ConfigurationFindings findings)
{
    // What a sockaddr_un takes on Linux, its closing zero left out.
    private const int LongestSocketPath = 107;

    public void Check(SocketSyncOptions options)
    {
        var earlier = new List<(string Name, ListenerOptions Listener)>();
        foreach (var (name, listener) in options.Listeners)
        {
            var path = PathOf(name);
            CheckResource(path, listener, options);
            CheckProtocol(path, listener);
            CheckUnixSocket(path, listener);
            CheckProxies(path, listener);
            ConfigurationTlsRules.Check(findings, $"{path}:{nameof(listener.Tls)}", listener.Tls);
            CheckPlace(path, listener, earlier);
            if (IsPlaceKnown(path)) earlier.Add((name, listener));
        }
    }

    private static string PathOf(string name) => $"{SocketSyncOptions.SectionName}:{nameof(SocketSyncOptions.Listeners)}:{name}";

    private void CheckResource(string path, ListenerOptions listener, SocketSyncOptions options)
    {
        if (options.Resources.ContainsKey(listener.Resource!)) return;
        var key = $"{path}:{nameof(listener.Resource)}";
        var allowed = ConfigurationValue.OneOf(listener.Resource!, options.Resources.Keys);
        findings.Report(key, listener.Resource, findings.IsGiven(key) ? allowed : $"the listener's own name, as none is given, is no resource; {allowed}");
    }

    private void CheckProtocol(string path, ListenerOptions listener)
    {
        var protocol = $"{path}:{nameof(listener.Protocol)}";
        if (!findings.Values.Keys.Any(k => k.StartsWith(protocol + ":", StringComparison.OrdinalIgnoreCase))) return;
        if (findings.IsGiven($"{protocol}:Name")) ConfigurationProtocolRules.Check(findings, protocol, listener.Protocol!);
        else findings.Report($"{protocol}:Name", null, "must be given; a listener's protocol takes nothing from the resource's");
    }

    private void CheckUnixSocket(string path, ListenerOptions listener)
    {
        if (listener.UnixSocket is null) return;
        var key = $"{path}:{nameof(listener.UnixSocket)}";
        if (Encoding.UTF8.GetByteCount(listener.UnixSocket) > LongestSocketPath || listener.UnixSocket.Contains('\0', StringComparison.Ordinal))
            findings.Report(key, listener.UnixSocket, $"must be a path of at most {LongestSocketPath} bytes");

        string[] others = [nameof(listener.Address), nameof(listener.Port), $"{nameof(listener.AllowedNetworks)}:0"];
        foreach (var other in others.Select(o => $"{path}:{o}").Where(findings.IsGiven))
            findings.Report(other, findings.Values[other], "must not be given with UnixSocket, which has no address");
    }

    private void CheckProxies(string path, ListenerOptions listener)
    {
        if (!listener.ProxyProtocol) return;
        var trusted = $"{path}:{nameof(listener.TrustedProxies)}";
        if (listener.UnixSocket is not null)
            findings.Report($"{path}:{nameof(listener.ProxyProtocol)}", "true", "must be false with UnixSocket, whose clients have no address that TrustedProxies could name");
        else if (listener.TrustedProxies.Count == 0 && !findings.IsFaulty(trusted) && !findings.IsFaultyBelow(trusted))
            findings.Report(trusted, null, "must be given with ProxyProtocol: the proxies that may say who the client is, such as [\"192.0.2.1/32\"]");
    }

    private void CheckPlace(string path, ListenerOptions listener, List<(string Name, ListenerOptions Listener)> earlier)
    {
        if (!IsPlaceKnown(path)) return;
        foreach (var (name, other) in earlier)
        {
            if (listener.UnixSocket is not null || other.UnixSocket is not null)
            {
                if (!string.Equals(listener.UnixSocket, other.UnixSocket, StringComparison.Ordinal)) continue;
                findings.Report($"{path}:{nameof(listener.UnixSocket)}", listener.UnixSocket, $"must differ from that of listener {name}");
                return;
            }

            if (ListenPlace.Of(listener) is not { } mine || ListenPlace.Of(other) is not { } theirs || !mine.Overlaps(theirs)) continue;
            findings.Report(
                $"{path}:{nameof(listener.Port)}",
                listener.Port.ToString(CultureInfo.InvariantCulture),
                $"must differ from that of listener {name}: its address {other.Address} and {listener.Address} overlap");
            return;
        }
    }

    private bool IsPlaceKnown(string path) =>
        !findings.IsFaulty($"{path}:{nameof(ListenerOptions.Port)}")
        && !findings.IsFaulty($"{path}:{nameof(ListenerOptions.Address)}")
        && !findings.IsFaulty($"{SocketSyncOptions.SectionName}:{nameof(SocketSyncOptions.DefaultAddress)}");
}
