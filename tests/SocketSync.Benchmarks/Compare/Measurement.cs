namespace SocketSync.Benchmarks;

/// <summary>One contestant in one scenario of one round: a report, or why there is none.</summary>
internal sealed record Measurement(int Round, Scenario Scenario, string Contestant, LoadReport? Report, string? Failure);
