using CsCheck;

namespace SocketSync.Tests;

public class WaitLineTests
{
    // 0 to 2 adds one of that class, 3 and 4 take, 5 removes anyone.
    private static readonly Gen<(int Op, int Who)[]> GenSteps = Gen.Select(Gen.Int[0, 5], Gen.Int[0, 99]).Array[0, 200];

    [Fact]
    public void ServesAsTheNaiveReferenceDoes() => GenSteps.Sample(steps =>
    {
        var line = new WaitLine();
        var reference = new List<Turn>();
        var passedBy = 0;
        foreach (var (op, who) in steps)
        {
            if (op <= 2)
            {
                var turn = GateBench.NewTurn((Priority)op);
                line.Add(turn);
                reference.Add(turn);
            }
            else if (op <= 4)
            {
                if (TakeFrom(reference, ref passedBy) != line.TakeNext())
                    Assert.Fail("another one was next");
            }
            else if (reference.Count > 0)
            {
                var leaving = reference[who % reference.Count];
                line.Remove(leaving);
                reference.Remove(leaving);
            }

            if (reference.Count != line.Count || reference.FirstOrDefault() != line.Oldest)
                Assert.Fail($"{reference.Count} wait, {line.Count} are in line; or another is the oldest");
        }
    }, iter: 5_000);

    [Fact]
    public void WhoLooksOnSeesTheOrderInWhichTheyWillBeServed() => Gen.Select(GenSteps, Gen.Int[0, 30]).Sample((steps, most) =>
    {
        var line = new WaitLine();
        foreach (var (op, _) in steps)
        {
            if (op <= 2)
                line.Add(GateBench.NewTurn((Priority)op));
            else if (op == 3)
                line.TakeNext();
        }

        var seen = new List<Turn>();
        line.Peek(most, seen);
        if (seen.Count != Math.Min(most, line.Count))
            Assert.Fail($"{seen.Count} of {line.Count} are seen");
        foreach (var turn in seen)
        {
            if (line.TakeNext() != turn)
                Assert.Fail("another one was next");
        }
    }, iter: 5_000);

    [Fact]
    public void NobodyStarvesWhateverTheSequence() => GenSteps.Sample(steps =>
    {
        var line = new WaitLine();
        var waiting = new Dictionary<Turn, int>();
        foreach (var (op, who) in steps)
        {
            if (op <= 2)
            {
                var turn = GateBench.NewTurn((Priority)op);
                // Each of those before it can be passed by seven times, and then it can.
                waiting[turn] = 8 * (waiting.Count + 1);
                line.Add(turn);
            }
            else if (op <= 4 && line.TakeNext() is { } taken)
            {
                Assert.True(waiting.Remove(taken, out var patience));
                Assert.True(patience > 0, "waited for more turns than eight for each before it");
                foreach (var turn in waiting.Keys)
                    waiting[turn]--;
            }
            else if (op == 5 && waiting.Count > 0)
            {
                var leaving = waiting.Keys.ElementAt(who % waiting.Count);
                waiting.Remove(leaving);
                line.Remove(leaving);
            }
        }

        Assert.DoesNotContain(waiting.Values, patience => patience < 0);
    }, iter: 5_000);

    [Fact]
    public void AnEmptyLineHasNobody()
    {
        var line = new WaitLine();
        Assert.Null(line.TakeNext());
        Assert.Null(line.Oldest);
    }

    private static Turn? TakeFrom(List<Turn> reference, ref int passedBy)
    {
        if (reference.Count == 0)
            return null;
        var next = passedBy == 7 ? reference[0] : reference.MinBy(turn => turn.Priority)!; // the first of the equal ones
        passedBy = next == reference[0] ? 0 : passedBy + 1;
        reference.Remove(next);
        return next;
    }
}
