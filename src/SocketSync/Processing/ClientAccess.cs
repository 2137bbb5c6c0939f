using System.Buffers;

namespace SocketSync;

/// <summary>
/// What one client may ask of the resources that it reaches. What depends on the client alone, its listener, address and role, is
/// decided once for each list of rules; for each request only what is left is looked at, and nothing is allocated.
/// </summary>
/// <param name="client">The client.</param>
/// <param name="protocol">What it speaks.</param>
internal sealed class ClientAccess(Client client, ProtocolOptions protocol)
{
    private readonly ModbusFraming? _modbus = protocol.Definition?.Modbus;
    private CommandLanguage? _commands;
    private byte[] _path = [];
    private Selection? _selected;

    /// <summary>The outcome of a request that the rules deny; <see langword="null"/> if they allow it.</summary>
    public Outcome? RefusalOf(AccessList list, in ReadOnlySequence<byte> request)
    {
        var selected = _selected;
        if (selected is null || selected.List != list) selected = Select(list);
        if (selected.Rules is not [var first, ..] rules) return null;
        if (!first.LooksAtRequest) return first.Verdict;
        if (_modbus is not null) return Judge(rules, ModbusRequest.Of(_modbus, request));
        return _commands is null ? JudgeUntold(rules) : Judge(rules, _commands, _path, request);
    }

    private static Outcome? Judge(AccessRule[] rules, in ModbusRequest request)
    {
        foreach (var rule in rules)
        {
            if (rule.Fits(request)) return rule.Verdict;
        }

        return null;
    }

    private static Outcome? JudgeUntold(AccessRule[] rules)
    {
        foreach (var rule in rules)
        {
            if (rule.FitsUntold()) return rule.Verdict;
        }

        return null;
    }

    private static Outcome? Judge(AccessRule[] rules, CommandLanguage language, byte[] path, in ReadOnlySequence<byte> request)
    {
        if (request.IsSingleSegment) return Judge(rules, language, path, request.FirstSpan);
        var length = (int)request.Length;
        var whole = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            request.CopyTo(whole);
            return Judge(rules, language, path, whole.AsSpan(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(whole);
        }
    }

    /// <summary>One command that is denied denies the request.</summary>
    private static Outcome? Judge(AccessRule[] rules, CommandLanguage language, byte[] path, ReadOnlySpan<byte> request)
    {
        var reader = language.Read(request, path);
        while (reader.MoveNext())
        {
            var denied = reader.IsTold
                ? Judge(rules, language.IsScpi, path: default, reader.Command) ?? (reader.Path.IsEmpty ? null : Judge(rules, language.IsScpi, reader.Path, reader.Command))
                : JudgeUntold(rules);
            if (denied is not null) return denied;
        }

        return null;
    }

    private static Outcome? Judge(AccessRule[] rules, bool isScpi, ReadOnlySpan<byte> path, ReadOnlySpan<byte> command)
    {
        foreach (var rule in rules)
        {
            if (rule.Fits(isScpi, path, command)) return rule.Verdict;
        }

        return null;
    }

    /// <summary>Finds the rules of the list that can fit this client; the ones of an earlier list of the same resource are forgotten.</summary>
    private Selection Select(AccessList list)
    {
        for (var known = _selected; known is not null; known = known.Next)
        {
            if (known.List == list) return known; // of another resource, which a listener with routes reaches too
        }

        Selection? others = null;
        for (var known = _selected; known is not null; known = known.Next)
        {
            if (!known.List.Resource.Equals(list.Resource, StringComparison.OrdinalIgnoreCase)) others = new(known.List, known.Rules, others);
        }

        _commands ??= protocol.Definition?.Commands?.Invoke(protocol);
        if (_commands is { IsScpi: true } && _path.Length == 0) _path = new byte[CommandReader.LongestPath];
        return _selected = new(list, RulesFor(list), others);
    }

    private AccessRule[] RulesFor(AccessList list)
    {
        var role = ModbusRole.Of(client.Certificate);
        var rules = new List<AccessRule>();
        foreach (var rule in list.Rules)
        {
            if (!rule.FitsClient(client, role)) continue;
            rules.Add(rule);
            if (!rule.LooksAtRequest) break; // it fits every request: none behind it decides
        }

        return [.. rules];
    }

    private sealed record Selection(AccessList List, AccessRule[] Rules, Selection? Next);
}
