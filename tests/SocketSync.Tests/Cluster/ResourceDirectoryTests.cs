using Microsoft.Extensions.Time.Testing;

namespace SocketSync.Tests;

/// <summary>Where resources live, as far as a node knows.</summary>
public sealed class ResourceDirectoryTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly OwnerChoice _choice = new(new Dictionary<string, ResourceOptions>(StringComparer.OrdinalIgnoreCase)
    {
        ["R"] = new(),
        ["Sole"] = new() { Nodes = ["b"] },
    });

    private readonly ResourceDirectory _directory;

    public ResourceDirectoryTests() => _directory = new("a", new ClusterOptions { Node = "a" }, _choice, _time);

    [Fact]
    public async Task AnOwnerThatHasToldIsFound()
    {
        Learn("b", 1, ("R", new(5)));
        var place = Assert.IsType<ResourcePlace.Elsewhere>(await FindAsync("r"));
        Assert.Equal("b", place.Node);
        Assert.Equal("127.0.0.1:11112", place.EndPoint.ToString());
        Assert.False(place.Lost.IsCancellationRequested);
    }

    [Fact]
    public async Task WhoAsksDuringATakeoverGoesOnAsSoonAsItIsOver()
    {
        var finding = FindAsync("R");
        Assert.False(finding.IsCompleted);
        Learn("b", 1, ("R", new(5)));
        Assert.IsType<ResourcePlace.Elsewhere>(await finding);
    }

    [Fact]
    public async Task WhoAsksIsToldAfterALeaseAndTheMarginAndTwoSeconds()
    {
        var finding = FindAsync("R");
        _time.Advance(TimeSpan.FromSeconds(5.4));
        Learn("b", 1); // that something else becomes known does not prolong it
        Assert.False(finding.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.IsType<ResourcePlace.Nowhere>(await finding);
    }

    [Fact]
    public async Task AClientThatLeavesIsNotWaitedFor()
    {
        using var left = new CancellationTokenSource();
        var finding = _directory.FindAsync("R", left.Token).AsTask();
        await left.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => finding);
    }

    [Fact]
    public async Task AnOwnTermIsHereUntilItIsOver()
    {
        _directory.Own("R", 5, isLeaving: false);
        var place = Assert.IsType<ResourcePlace.Here>(await FindAsync("R"));
        _directory.Own("R", 5, isLeaving: true);
        var finding = FindAsync("R");
        Assert.False(finding.IsCompleted);
        Assert.False(place.Lost.IsCancellationRequested); // who is here already is finished with
        _directory.Lose("R", 5);
        await FiresAsync(place.Lost);
        Learn("b", 1, ("R", new(6)));
        Assert.IsType<ResourcePlace.Elsewhere>(await finding);
    }

    [Fact]
    public async Task TheGreaterEpochIsBelieved()
    {
        Learn("b", 1, ("R", new(5)));
        var former = (ResourcePlace.Elsewhere)await FindAsync("R");
        Learn("c", 1, ("R", new(6)));
        await FiresAsync(former.Lost);
        Learn("b", 2, ("R", new(5)));
        Assert.Equal("c", ((ResourcePlace.Elsewhere)await FindAsync("R")).Node);
    }

    [Fact]
    public async Task AReportThatWasOvertakenIsIgnored()
    {
        Learn("b", 3);
        Learn("b", 2, ("R", new(5)));
        Assert.Null(_directory.OwnerOf("R"));
        Learn("b", 4, ("R", new(6)));
        Assert.IsType<ResourcePlace.Elsewhere>(await FindAsync("R"));
    }

    /// <summary>Where nobody else can take over, whoever was there last is tried.</summary>
    [Fact]
    public async Task ANodeThatDoesNotAnswerIsTriedForWhatItAloneMayOwn()
    {
        Learn("b", 1, ("R", new(5)), ("Sole", new(7)));
        _directory.Heard("b", answers: false);
        Assert.IsType<ResourcePlace.Elsewhere>(await FindAsync("Sole"));
        var waiting = FindAsync("R");
        Assert.False(waiting.IsCompleted);
        _directory.Heard("b", answers: true);
        Assert.IsType<ResourcePlace.Elsewhere>(await waiting);
    }

    [Fact]
    public async Task ANodeThatIsGoneHasNothing()
    {
        Learn("b", 1, ("R", new(5)), ("Sole", new(7)));
        var place = (ResourcePlace.Elsewhere)await FindAsync("R");
        _directory.Gone("b");
        await FiresAsync(place.Lost);
        Assert.Null(_directory.OwnerOf("R"));
        Assert.False(FindAsync("R").IsCompleted);
        Assert.IsType<ResourcePlace.Nowhere>(await FindAsync("Sole")); // nobody will ever take it over
        Learn("b", 1, ("Sole", new(8)));
        Assert.IsType<ResourcePlace.Elsewhere>(await FindAsync("Sole"));
    }

    [Fact]
    public async Task ANewLifeOfANodeEndsWhatTheFormerOneHad()
    {
        Learn("b", 9, ("R", new(5)));
        var place = (ResourcePlace.Elsewhere)await FindAsync("R");
        Learn("b", 1, instance: 2);
        await FiresAsync(place.Lost);
        Assert.Null(_directory.OwnerOf("R"));
    }

    /// <summary>Told by the node itself, an earlier start is that of a life that is over; known to be its last life, the clock was set back.</summary>
    [Fact]
    public void ANodeWhoseClockWasSetBackIsHeard()
    {
        _directory.Learn(Report("b", 1000, 9, ("R", new(5000))));
        _directory.Learn(Report("b", 2, 1, ("R", new(7))));
        Assert.Equal(5000, _directory.OwnerOf("R")!.Epoch);
        _directory.Learn(Report("b", 2, 1, ("R", new(7))), isOfItsLastLife: true);
        Assert.Equal(7, _directory.OwnerOf("R")!.Epoch);
        _directory.Learn(Report("b", 2, 2, ("R", new(8))));
        Assert.Equal(8, _directory.OwnerOf("R")!.Epoch);
        _directory.Learn(Report("b", 2, 1, ("R", new(7))), isOfItsLastLife: true); // overtaken
        Assert.Equal(8, _directory.OwnerOf("R")!.Epoch);
    }

    [Fact]
    public async Task ANodeThatDoesNotAnswerGetsNoNewClientsAndKeepsItsOwn()
    {
        Learn("b", 1, ("R", new(5)));
        var place = (ResourcePlace.Elsewhere)await FindAsync("R");
        _directory.Heard("b", answers: false);
        var finding = FindAsync("R");
        Assert.False(finding.IsCompleted);
        Assert.False(place.Lost.IsCancellationRequested);
        Assert.DoesNotContain("b", _directory.Living(), StringComparer.Ordinal);
        _directory.Heard("b", answers: true);
        Assert.Equal(place, await finding);
    }

    [Fact]
    public async Task AnOwnerThatHasFailedSomebodyIsAskedAgainBeforeItIsBelieved()
    {
        var asked = new List<string>();
        _directory.Doubted = asked.Add;
        Learn("b", 1, ("R", new(5)));
        var place = (ResourcePlace.Elsewhere)await FindAsync("R");
        _directory.Forget("R", place);
        Assert.Equal("b", Assert.Single(asked));
        Assert.Equal((1, 0), _directory.KnownOf("b"));
        var finding = FindAsync("R");
        Assert.False(finding.IsCompleted);
        Assert.False(place.Lost.IsCancellationRequested); // one that failed says nothing of those who are served
        Learn("b", 1, ("R", new(5)));
        Assert.Equal(place, await finding);
    }

    [Fact]
    public void ANodeThatStopsTakesNothingOver()
    {
        Learn("b", 1);
        Assert.Equal(["a", "b"], _directory.Living());
        _directory.IsLeaving = true;
        Assert.Equal(["b"], _directory.Living());
    }

    [Fact]
    public async Task ANodeThatHasJoinedIsWaitedForUntilItIsHeard()
    {
        _directory.Gone("b");
        var waiting = _directory.LivesAsync("b", TimeSpan.FromSeconds(1.5), TestContext.Current.CancellationToken);
        Learn("c", 1); // another one's news is none of it
        Assert.False(waiting.IsCompleted);
        Learn("b", 1, instance: 2);
        Assert.True(await waiting);
        Assert.True(await _directory.LivesAsync("b", TimeSpan.Zero, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task ANodeThatIsNotHeardIsWaitedForNoLongerThanThat()
    {
        _directory.Gone("b");
        var waiting = _directory.LivesAsync("b", TimeSpan.FromSeconds(1.5), TestContext.Current.CancellationToken);
        _time.Advance(TimeSpan.FromSeconds(1.4));
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.False(await waiting);
    }

    [Fact]
    public void AMoveIsKnownToAllNodes()
    {
        Learn("b", 1, ("R", new(5, IsLeaving: true, Successor: "c")));
        Assert.Equal("c", _choice.Choose("R", ["a", "b", "c"]));
    }

    [Fact]
    public void AReportTravelsAsJson()
    {
        var report = Report("b", 1, 1, ("R", new(5, IsLeaving: true, Successor: "c")), ("S", new(6)));
        var read = NodeReport.OfJson(report.ToJson())!;
        Assert.Equal((report.Resources["R"], report.Resources["S"]), (read.Resources["R"], read.Resources["S"]));
        Assert.Equal(2, read.Resources.Count);
        Assert.Equal((report.Node, report.Instance, report.Version, report.Forward, report.IsLeaving), (read.Node, read.Instance, read.Version, read.Forward, read.IsLeaving));
        // A later version may say more.
        Assert.NotNull(NodeReport.OfJson("""{"node":"b","instance":1,"version":1,"forward":"127.0.0.1:1","more":{"x":1},"resources":{"R":{"epoch":1,"y":2}}}"""u8.ToArray()));
        Assert.Null(NodeReport.OfJson([]));
    }

    private Task<ResourcePlace> FindAsync(string resource) => _directory.FindAsync(resource, CancellationToken.None).AsTask();

    private void Learn(string node, long version, params (string Resource, ResourceClaim Claim)[] claims) => _directory.Learn(Report(node, 1, version, claims));

    private void Learn(string node, long version, long instance) => _directory.Learn(Report(node, instance, version));

    private static NodeReport Report(string node, long instance, long version, params (string Resource, ResourceClaim Claim)[] claims) => new()
    {
        Node = node,
        Instance = instance,
        Version = version,
        Forward = "127.0.0.1:11112",
        Resources = claims.ToDictionary(claim => claim.Resource, claim => claim.Claim, StringComparer.OrdinalIgnoreCase),
    };

    private static async Task FiresAsync(CancellationToken token)
    {
        var fired = new TaskCompletionSource();
        await using var registration = token.Register(fired.SetResult);
        await fired.Task.WaitAsync(TimeSpan.FromSeconds(10), CancellationToken.None);
    }
}
