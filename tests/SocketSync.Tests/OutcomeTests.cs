namespace SocketSync.Tests;

public class OutcomeTests
{
    [Fact]
    public void EveryCountedOutcomeHasACodeOfItsOwn()
    {
        var all = Enum.GetValues<Outcome>();
        Assert.Equal(OutcomeNames.Count, all.Length);
        Assert.Equal(OutcomeNames.Counted, all.Select(o => o.AsCounted()).Distinct());
        Assert.Equal(OutcomeNames.Counted.Count, OutcomeNames.Counted.Select(o => o.Code()).Distinct(StringComparer.Ordinal).Count());
        Assert.All(all, o => Assert.Equal(o.AsCounted().Code(), o.Code()));
    }
}
