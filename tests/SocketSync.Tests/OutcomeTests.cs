namespace SocketSync.Tests;

public class OutcomeTests
{
    [Fact]
    public void EveryOutcomeHasACodeOfItsOwn()
    {
        var codes = Enum.GetValues<Outcome>().Select(o => o.Code()).ToList();
        Assert.Equal(OutcomeNames.Count, codes.Distinct(StringComparer.Ordinal).Count());
    }
}
