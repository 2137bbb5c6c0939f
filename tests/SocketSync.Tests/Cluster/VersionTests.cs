using System.Text;

namespace SocketSync.Tests;

/// <summary>What nodes of neighbouring versions say to each other: what one does not know is passed over, what one does not say is done without.</summary>
public sealed class VersionTests
{
    [Fact]
    public void AReportOfANewerNodeIsUnderstood()
    {
        var report = NodeReport.OfJson(Encoding.UTF8.GetBytes("""
            {
              "of": { "another": [ "kind" ] }, "node": "b", "instance": 1, "version": 2, "forward": "127.0.0.1:11112", "isLeaving": true,
              "resources": { "R": { "epoch": 3, "since": "2030-01-01", "isLeaving": false } }
            }
            """))!;
        Assert.Equal(("b", true, 3L), (report.Node, report.IsLeaving, report.Resources["R"].Epoch));
    }

    [Fact]
    public void AReportOfAnOlderNodeIsUnderstood()
    {
        var report = NodeReport.OfJson(Encoding.UTF8.GetBytes("""{ "node": "b", "instance": 1, "version": 2, "forward": "127.0.0.1:11112" }"""))!;
        Assert.Equal(("b", false), (report.Node, report.IsLeaving));
        Assert.Empty(report.Resources);
    }

    [Fact]
    public void AStatusOfANewerNodeIsUnderstood()
    {
        var report = StatusReport.Parse("""
            { "node": "b", "connections": 4, "weather": "fine", "resources": { "R": { "epoch": 3, "maxQueue": 256, "colours": [ 1, { "a": null } ] } } }
            """);
        Assert.Equal(("b", 4, 3L), (report.Node, report.Connections, report.Of("r")!.Epoch));
    }

    [Fact]
    public void AStatusOfAnOlderNodeIsUnderstood()
    {
        var report = StatusReport.Parse("""{ "node": "b" }""");
        Assert.Equal(("b", 0, 0), (report.Node, report.Connections, report.Owned));
    }
}
