using System.Net;
using SocketSync.Tests;

namespace SocketSync.EndToEndTests;

/// <summary>Two nodes, of which one owns everything; the clients of these tests are at the other.</summary>
public sealed class ForwardCluster : IAsyncLifetime
{
    private readonly TestFiles _files = new();
    private NodeCluster? _cluster;

    internal TestAuthority Authority { get; } = new("SocketSync test authority");

    /// <summary>Behind the resource "Tunnel".</summary>
    internal ScriptedDevice Console { get; } = new(new LineDialect()) { MayBePipelined = true };

    /// <summary>The node that owns everything.</summary>
    internal ClusterNode Owner => _cluster!["b"];

    /// <summary>The one that passes everything on.</summary>
    internal ClusterNode Other => _cluster!["a"];

    public async ValueTask InitializeAsync()
    {
        _cluster = new(await RedisServer.RunAsync(), Plan(), new("a"), new("b"));
        await _cluster.MakeWholeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_cluster is not null) await _cluster.DisposeAsync();
        await Console.DisposeAsync();
        Authority.Dispose();
        _files.Dispose();
    }

    internal Task<TestClient> ConnectAsync(string listener = "Scripted") => Other.ConnectAsync(listener);

    /// <summary>Takes the turn of the resource "Scripted", and keeps it until the key is released.</summary>
    internal async Task<TestClient> HoldAsync(string key)
    {
        var holder = await ConnectAsync();
        await holder.SendAsync($"hold {key}\n");
        await WaitForAsync("Scripted", resource => resource.Turn is not null);
        return holder;
    }

    /// <summary>Asks, and waits until that is in line at the owner as the so-manieth.</summary>
    internal async Task WaitInLineAsync(TestClient client, string line, int length, string resource = "Scripted")
    {
        await client.SendAsync(line + "\n");
        await WaitForAsync(resource, state => state.QueueLength == length);
    }

    internal async Task<ResourceStatus> WaitForAsync(string resource, Func<ResourceStatus, bool> state) =>
        (await Owner.WaitForStatusAsync(status => state(status.Resources[resource]))).Resources[resource];

    private NodeCluster.Plan Plan()
    {
        using var certificate = Authority.Issue("localhost");
        var tls = $$"""
            "Certificate": { "Path": "{{_files.Write("server.pem", certificate.ExportCertificatePem())}}", "KeyPath": "{{_files.Write("server.key", TestAuthority.KeyPem(certificate))}}" },
            "ClientCertificate": "Require", "ClientAuthority": "{{_files.Write("ca.pem", Authority.Pem)}}"
            """;
        return new()
        {
            Shared = ["Scripted", "Quiet", "Leased", "Converse", "Tunnel", "Networks", "Roles", "Proxied"],
            Listeners = node => $$"""
                "Scripted": { "Port": {{node.Port("Scripted")}} },
                "High": { "Port": {{node.Port("High")}}, "Resource": "Scripted", "Priority": "High" },
                "Low": { "Port": {{node.Port("Low")}}, "Resource": "Scripted", "Priority": "Low" },
                "Quiet": { "Port": {{node.Port("Quiet")}} },
                "Leased": { "Port": {{node.Port("Leased")}} },
                "Converse": { "Port": {{node.Port("Converse")}} },
                "Tunnel": { "Port": {{node.Port("Tunnel")}} },
                "Networks": { "Port": {{node.Port("Networks")}} },
                "Roles": { "Port": {{node.Port("Roles")}}, "Tls": { {{tls}} } },
                "Proxied": { "Port": {{node.Port("Proxied")}}, "ProxyProtocol": true, "TrustedProxies": [ "127.0.0.1/32" ] }
                """,
            Resources = $$"""
                "Scripted": { {{Scripted("")}} },
                "Quiet": { {{Scripted("\"Hold\": \"Quiet\", \"QuietTime\": \"00:00:02\"")}} },
                "Leased": { {{Scripted("\"Hold\": \"Connection\"")}} },
                "Converse": { "Processor": "Converse", "Protocol": { "Name": "Line" }, "Nodes": [ "b" ] },
                "Tunnel": { "Processor": "Tunnel", "Nodes": [ "b" ], "Link": { {{Console.Tcp}} } },
                "Networks": { {{Scripted("")}}, "Access": [ { "Networks": [ "127.0.0.9/32" ], "Allow": false } ] },
                "Roles": { {{Scripted("")}}, "Access": [ { "Roles": [ "Operator" ], "Allow": true }, { "Commands": [ "GET*" ], "Allow": true }, { "Allow": false } ] },
                "Proxied": { {{Scripted("")}}, "Access": [ { "Networks": [ "192.0.2.9/32" ], "Allow": false } ] }
                """,
        };
    }

    private static string Scripted(string gate) => $$"""
        "Processor": "Scripted", "Protocol": { "Name": "Line" }, "Nodes": [ "b" ], "Gate": { {{gate}} }
        """;
}
