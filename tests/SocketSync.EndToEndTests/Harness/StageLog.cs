namespace SocketSync.EndToEndTests;

/// <summary>What the test host's processors tell of their turns.</summary>
/// <param name="Begun">The requests in the order in which their turns began.</param>
/// <param name="Ended">The requests in the order in which their turns ended.</param>
/// <param name="Inside">How many turns are going on now, over all resources.</param>
/// <param name="Overlaps">How many turns began while another of the same resource was going on.</param>
internal sealed record StageLog(string[] Begun, string[] Ended, int Inside, int Overlaps);
