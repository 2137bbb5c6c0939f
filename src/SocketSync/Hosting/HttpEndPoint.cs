using System.Net;
using Microsoft.AspNetCore.Http;

namespace SocketSync;

/// <summary>One address at which HTTP is served.</summary>
/// <param name="Key">The key of the configuration that says so.</param>
/// <param name="Url">What it says, or what follows from it.</param>
internal sealed record HttpEndPoint(string Key, string Url)
{
    private readonly BindingAddress? _address = Parse(Url);

    public bool IsHttps => _address?.Scheme == "https";

    /// <summary>The socket's path, where it is one of Unix.</summary>
    public string? UnixSocket => _address is { IsUnixPipe: true } ? _address.UnixPipePath : null;

    /// <summary>A pipe of Windows.</summary>
    public string? NamedPipe => _address is { IsNamedPipe: true } ? _address.NamedPipeName : null;

    /// <summary>
    /// An IP address, "localhost" or "*", as for a listener: Kestrel listens everywhere for any other host.
    /// <see langword="null"/> where there is none.
    /// </summary>
    public string? Host
    {
        get
        {
            if (_address is null or { IsUnixPipe: true } or { IsNamedPipe: true }) return null;
            if (_address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)) return "localhost";
            // Its socket for [::] takes IPv4 too.
            return IPAddress.TryParse(_address.Host, out var ip) && !ip.Equals(IPAddress.IPv6Any) ? ip.ToString() : "*";
        }
    }

    /// <summary>0 picks a free port, or there is none.</summary>
    public int Port => Host is null ? 0 : _address!.Port;

    /// <summary>Why nothing can be served there, or <see langword="null"/>.</summary>
    public ConfigurationProblem? Problem
    {
        get
        {
            if (_address is null) return new(Key, Url, "must be a URL such as http://localhost:8080, its port from 0 to 65535; several in one key are separated by ';'");
            if (_address.PathBase.Length > 0) return new(Key, Url, $"must end with its port, without {_address.PathBase}");
            return Host == "localhost" && Port == 0
                ? new(Key, Url, $"a free port cannot be picked for both addresses of localhost; write {_address.Scheme}://127.0.0.1:0")
                : null;
        }
    }

    private static BindingAddress? Parse(string url)
    {
        try
        {
            var address = BindingAddress.Parse(url);
            // A port that is no number is taken for a part of the host.
            var hasPort = address.Port is >= 0 and <= 65535 && !address.Host.Split(']')[^1].Contains(':', StringComparison.Ordinal);
            return address.Scheme is "http" or "https" && (address.IsUnixPipe || address.IsNamedPipe || hasPort) ? address : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
