namespace SocketSync;

/// <summary>Who used a resource when: the picture of the synchronisation.</summary>
/// <param name="Lanes">One for each client, in the order in which they came.</param>
/// <param name="IsSampled">There were more turns than were looked at; shares are estimates.</param>
internal sealed record TimelineView(IReadOnlyList<LaneView> Lanes, bool IsSampled);

/// <summary>
/// One client's turns in the time shown, and the share of that time, from 0 to 1, that it had the resource. The key is the
/// connection's id; it is empty for all that have no lane of their own. The paths fill <see cref="LaneDrawing.Width"/> by
/// <see cref="LaneDrawing.Height"/>.
/// </summary>
internal sealed record LaneView(
    string Key, string Address, long Turns, double Share, bool HasTurn, bool Waits, IReadOnlyList<LanePath> Paths);

/// <summary>All that looks alike in a lane.</summary>
/// <param name="Kind">What it is, as a class of the style sheet.</param>
/// <param name="Data">An SVG path.</param>
internal readonly record struct LanePath(string Kind, string Data);
