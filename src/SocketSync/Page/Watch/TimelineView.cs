namespace SocketSync;

/// <summary>Who used a resource when: the picture of the synchronisation.</summary>
/// <param name="Lanes">One for each client, in the order in which they came.</param>
/// <param name="IsSampled">There were more turns than were looked at; shares are estimates.</param>
internal sealed record TimelineView(IReadOnlyList<LaneView> Lanes, bool IsSampled);

/// <param name="Key">The connection's id; empty for all that have no lane of their own.</param>
/// <param name="Turns">How many turns it had in the time shown.</param>
/// <param name="Share">How much of that time it had the resource, from 0 to 1.</param>
/// <param name="Paths">What to draw, over a width of <see cref="LaneDrawing.Width"/> and a height of <see cref="LaneDrawing.Height"/>.</param>
internal sealed record LaneView(
    string Key, string Address, long Turns, double Share, bool HasTurn, bool Waits, IReadOnlyList<LanePath> Paths);

/// <summary>All that looks alike in a lane.</summary>
/// <param name="Kind">What it is, as a class of the style sheet.</param>
/// <param name="Data">An SVG path.</param>
internal readonly record struct LanePath(string Kind, string Data);
