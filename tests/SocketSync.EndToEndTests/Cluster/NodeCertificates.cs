namespace SocketSync.EndToEndTests;

/// <summary>The certificates by which the nodes of a test know each other, as files.</summary>
internal sealed class NodeCertificates : IDisposable
{
    private readonly TestFiles _files = new();
    private readonly TestAuthority _authority = new("SocketSync nodes");

    public TestAuthority Authority => _authority;

    /// <summary>What stands in section Tls of a node's cluster.</summary>
    public string Of(ClusterNode node) => Of(node, _authority);

    /// <summary>The same, with a certificate that another authority has issued.</summary>
    public string Of(ClusterNode node, TestAuthority issuer)
    {
        using var certificate = issuer.Issue(node.Name, address: node.NodeAddress);
        var path = _files.Write($"{node.Name}.pem", certificate.ExportCertificatePem());
        var key = _files.Write($"{node.Name}.key", TestAuthority.KeyPem(certificate));
        return $$""" "Certificate": { "Path": "{{path}}", "KeyPath": "{{key}}" }, "Authority": "{{_files.Write("ca.pem", _authority.Pem)}}" """;
    }

    public void Dispose()
    {
        _authority.Dispose();
        _files.Dispose();
    }
}
