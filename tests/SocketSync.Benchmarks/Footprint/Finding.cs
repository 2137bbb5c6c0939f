namespace SocketSync.Benchmarks;

/// <summary>One thing measured.</summary>
/// <param name="What">What was measured.</param>
/// <param name="Measured">What came out, with its unit.</param>
/// <param name="Target">What it may be; empty where it is only told.</param>
/// <param name="IsMet">Whether it is.</param>
internal sealed record Finding(string What, string Measured, string Target = "", bool IsMet = true)
{
    public static Finding AtMost(string what, double measured, double target, string unit) =>
        new(what, FormattableString.Invariant($"{measured:0.##}{unit}"), FormattableString.Invariant($"at most {target:0.##}{unit}"), measured <= target);

    public static Finding Told(string what, double measured, string unit) => new(what, FormattableString.Invariant($"{measured:0.##}{unit}"));

    public override string ToString() => $"{What,-58} {Measured,12}  {Target,-18} {(IsMet ? "" : "MISSED")}".TrimEnd();
}
