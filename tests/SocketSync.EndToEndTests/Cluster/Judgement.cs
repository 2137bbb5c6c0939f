using System.Diagnostics;

namespace SocketSync.EndToEndTests;

/// <summary>What the device and the clients together show of whether the nodes kept their promises.</summary>
internal static class Judgement
{
    /// <summary>Nothing was executed twice, epochs came in order, and no two owners used the device at once.</summary>
    /// <param name="device">What the device has noted.</param>
    /// <param name="stale">Requests of an older owner that nothing could hold back, and that a test provoked.</param>
    public static void AssertOneOwnerAtATime(JudgeDevice device, params IReadOnlyCollection<string> stale)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var nodes = new Dictionary<long, string?>();
        var wrong = new List<string>();
        JudgedRequest? last = null;
        foreach (var request in device.Requests)
        {
            if (!seen.Add(request.Request)) wrong.Add($"executed twice: {request}");
            if (nodes.TryGetValue(request.Epoch, out var node) && node != request.Node) wrong.Add($"another node had that epoch: {request}, {node}");
            nodes[request.Epoch] = request.Node;
            if (last is not null && request.Epoch < last.Epoch)
            {
                if (!stale.Contains(request.Request, StringComparer.Ordinal)) wrong.Add($"an older owner, {Stopwatch.GetElapsedTime(last.At, request.At)} after {last}: {request}");
                continue;
            }

            last = request;
        }

        Tell(wrong);
    }

    /// <summary>A device that takes a single connection would have served every owner.</summary>
    /// <param name="device">What the device has noted.</param>
    /// <param name="kept">Connections that the kernel of a stopped owner kept open, by number.</param>
    public static void AssertOneConnectionAtATime(JudgeDevice device, IReadOnlySet<int> kept)
    {
        var wrong = device.Connections.SelectMany(connection => connection.Beside.Where(other => !kept.Contains(other))
            .Select(other => $"connection {connection.Number} was opened while {other} was open")).ToList();
        Tell(wrong);
    }

    /// <summary>Where nothing died, everything that was executed was answered as well.</summary>
    /// <param name="device">What the device has noted.</param>
    /// <param name="asked">What the clients have noted.</param>
    public static void AssertNothingLost(JudgeDevice device, IReadOnlyCollection<Asked> asked)
    {
        var executed = device.Requests.Select(request => request.Request).ToHashSet(StringComparer.Ordinal);
        Tell([.. asked.Where(one => one.Ending != Ending.Answered && executed.Contains(one.Request)).Select(one => $"executed, but not answered: {one}")]);
    }

    /// <summary>What was answered has been executed, and what was refused has not.</summary>
    /// <param name="device">What the device has noted.</param>
    /// <param name="asked">What the clients have noted.</param>
    public static void AssertTrueToTheClients(JudgeDevice device, IReadOnlyCollection<Asked> asked)
    {
        var executed = device.Requests.Select(request => request.Request).ToHashSet(StringComparer.Ordinal);
        var wrong = new List<string>();
        foreach (var one in asked)
        {
            if (one.Ending == Ending.Answered && !executed.Contains(one.Request)) wrong.Add($"answered, but not executed: {one}");
            if (one.Ending == Ending.Refused && executed.Contains(one.Request)) wrong.Add($"refused, but executed: {one}");
            if (one.Ending == Ending.Wrong) wrong.Add($"a wrong reply, or half a one: {one}");
        }

        Tell(wrong);
        Assert.Contains(asked, one => one.Ending == Ending.Answered);
    }

    private static void Tell(List<string> wrong)
    {
        if (wrong.Count > 0) Assert.Fail($"{wrong.Count} times:\n{string.Join('\n', wrong.Take(20))}");
    }
}
