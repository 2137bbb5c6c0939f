using System.Net;
using System.Net.Sockets;

namespace SocketSync;

/// <summary>What stands in the way of the addresses on which the server would listen.</summary>
/// <param name="Problems">What would keep it from starting here, as the start tells it.</param>
/// <param name="Busy">Places that others have at the moment; perhaps the running server itself.</param>
internal sealed record AddressFindings(IReadOnlyList<string> Problems, IReadOnlyList<string> Busy);

/// <summary>Takes the addresses for a moment, without listening. Nothing is made or removed in the file system.</summary>
internal sealed class AddressCheck
{
    private readonly HostConfiguration _host;
    private readonly Func<string, string> _httpProblem;
    private readonly List<string> _problems = [];
    private readonly List<string> _busy = [];

    private AddressCheck(HostConfiguration host, Func<string, string> httpProblem) => (_host, _httpProblem) = (host, httpProblem);

    /// <param name="host">What would run.</param>
    /// <param name="httpProblem">Makes the line of what the system says of an address of HTTP.</param>
    public static AddressFindings Find(HostConfiguration host, Func<string, string> httpProblem)
    {
        var check = new AddressCheck(host, httpProblem);
        check.FindIp();
        check.FindUnix();
        check.FindHttp();
        if (host.Options.Cluster.Node is not null) check.FindNodePort(host.Options.Cluster);
        return new(check._problems, check._busy);
    }

    private void FindIp()
    {
        var listeners = _host.Options.Listeners.Where(listener => listener.Value.UnixSocket is null).ToList();
        var alone = listeners.SelectMany(listener => Bind([listener], cluster: null)).Concat(Bind([], _host.Options.Cluster)).ToHashSet(StringComparer.Ordinal);
        foreach (var problem in Bind(listeners, _host.Options.Cluster))
        {
            // In use, although it can be had alone: two listeners of this configuration stand in each other's way.
            if (ListenerBinding.IsInUse(problem) && alone.Contains(problem)) _busy.Add(problem);
            else _problems.Add(problem);
        }
    }

    private IReadOnlyList<string> Bind(IEnumerable<KeyValuePair<string, ListenerOptions>> listeners, ClusterOptions? cluster)
    {
        try
        {
            ListenerBinder.Bind(listeners.ToDictionary(StringComparer.OrdinalIgnoreCase), _host.Options.DefaultAddress, cluster).Dispose();
            return [];
        }
        catch (ListenerBindException e)
        {
            return e.Problems;
        }
    }

    private void FindUnix()
    {
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, listener) in _host.Options.Listeners.Where(listener => listener.Value.UnixSocket is not null))
        {
            var binding = ListenerBinding.Of(name, listener, _host.Options.DefaultAddress);
            var path = Path.GetFullPath(listener.UnixSocket!);
            if (!taken.Add(path)) _problems.Add(binding.UnixSocketProblem(ListenerBinding.InUseWords));
            else if (UnixSocketFile.WhatStandsInTheWay(path, listener.Transport) is { } problem)
                (problem == ListenerBinding.InUseWords ? _busy : _problems).Add(binding.UnixSocketProblem(problem));
        }
    }

    private void FindHttp()
    {
        var earlier = new List<ListenAddress>();
        foreach (var endPoint in _host.Http)
        {
            if (endPoint.UnixSocket is { } path)
            {
                if (!Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(path)))) _problems.Add(_httpProblem(new SocketException((int)SocketError.AddressNotAvailable).Message));
                else if (Path.Exists(path)) _busy.Add($"{endPoint.Key}: '{endPoint.Url}': {ListenerBinding.InUseWords}");
            }

            if (endPoint is not { Address: { } own, Port: > 0 }) continue;
            if (earlier.Exists(own.Overlaps))
            {
                _problems.Add(_httpProblem($"Failed to bind to address {endPoint.Url.TrimEnd('/')}: address already in use."));
                continue;
            }

            earlier.Add(own);
            var isMissing = 0;
            foreach (var address in own.Addresses)
            {
                var place = new IPEndPoint(address, endPoint.Port);
                var error = Bind(place);
                // Where a machine has one family only, the server listens on that.
                if (error is { SocketErrorCode: not SocketError.AddressAlreadyInUse } && ++isMissing < own.Addresses.Count) continue;
                if (error is { SocketErrorCode: SocketError.AddressAlreadyInUse }) _busy.Add($"{endPoint.Key}: '{endPoint.Url}': {place} {ListenerBinding.InUseWords}");
                else if (error is not null) _problems.Add(_httpProblem(error.Message));
            }
        }
    }

    private void FindNodePort(ClusterOptions cluster)
    {
        var place = new IPEndPoint(NodeAddress.Of(cluster), cluster.NodePort);
        if (Bind(place) is not { } error) return;
        var key = $"{ClusterOptions.Path}:{nameof(cluster.NodePort)}: '{cluster.NodePort}'";
        if (error.SocketErrorCode == SocketError.AddressAlreadyInUse) _busy.Add($"{key}: {place} {ListenerBinding.InUseWords}");
        else _problems.Add($"{key}: cannot listen on {place}: {error.Message}");
    }

    private static SocketException? Bind(IPEndPoint place)
    {
        try
        {
            using var socket = new Socket(place.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(place);
            return null;
        }
        catch (SocketException e)
        {
            return e;
        }
    }
}
