using System.Collections.Concurrent;
using System.Reflection;
using SocketSync.EndToEndTests;
using Xunit.v3;

[assembly: FixturesTell]

namespace SocketSync.EndToEndTests;

/// <summary>
/// What fixtures found wrong that no test asked for. It fails the test, but only when the test has ended: a fixture that throws
/// while it is disposed of would hide what the test itself failed of.
/// </summary>
internal static class Findings
{
    private static readonly ConcurrentDictionary<string, ConcurrentQueue<string>> OfTests = new(StringComparer.Ordinal);

    public static void Tell(string what)
    {
        // Without a state the test still runs, and FixturesTell looks at it later; what is disposed of afterwards has to tell itself.
        if (TestContext.Current is { Test: { } test, TestState: null })
            OfTests.GetOrAdd(test.UniqueID, static _ => new()).Enqueue(what);
        else
            Assert.Fail(what);
    }

    public static IReadOnlyCollection<string> Take(string testId) => OfTests.TryRemove(testId, out var findings) ? findings : [];
}

/// <summary>Fails a test of whose fixtures one has found something; xunit shows it beside what the test failed of, if it did.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class FixturesTellAttribute : BeforeAfterTestAttribute
{
    public override void After(MethodInfo methodUnderTest, IXunitTest test)
    {
        var findings = Findings.Take(test.UniqueID);
        if (findings.Count > 0) Assert.Fail(string.Join("\n\n", findings));
    }
}
