namespace SocketSync;

/// <summary>What came of reading the configuration again.</summary>
/// <param name="Faults">Why nothing of it is applied.</param>
/// <param name="Applied">What runs with other settings from now on.</param>
/// <param name="NeedsRestart">What has changed but is not applied.</param>
internal sealed record ConfigurationOutcome(
    IReadOnlyList<string> Faults, IReadOnlyList<string> Applied, IReadOnlyList<string> NeedsRestart);
