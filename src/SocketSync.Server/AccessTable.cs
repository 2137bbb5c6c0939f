using System.Globalization;

namespace SocketSync;

/// <summary>The rules of a resource's <c>Access</c> as <c>check</c> prints them, and its warnings of rules that decide nothing.</summary>
internal static class AccessTable
{
    private static readonly (string Title, Func<AccessOptions, string> Cell)[] Columns =
    [
        (nameof(AccessOptions.Listeners), rule => All(rule.Listeners)),
        (nameof(AccessOptions.Networks), rule => All(rule.Networks)),
        (nameof(AccessOptions.Roles), rule => All(rule.Roles)),
        (nameof(AccessOptions.Units), rule => rule.Units ?? ""),
        (nameof(AccessOptions.Functions), rule => All(rule.Functions)),
        (nameof(AccessOptions.Registers), rule => rule.Registers ?? ""),
        (nameof(AccessOptions.Commands), rule => All(rule.Commands)),
    ];

    /// <summary>The rules of a resource, one a line, with the parts that one of them has.</summary>
    public static IEnumerable<string> Describe(string resource, IReadOnlyList<AccessOptions> rules)
    {
        if (rules.Count == 0) return [];
        var parts = Columns.Where(column => rules.Any(rule => column.Cell(rule).Length > 0)).ToList();
        var decidesAll = rules.Any(rule => Columns.All(column => column.Cell(rule).Length == 0));
        List<string[]> rows =
        [
            ["rule", .. parts.Select(column => column.Title), ""],
            .. rules.Select((rule, i) => (string[])
                [Number(i), .. parts.Select(column => column.Cell(rule) is { Length: > 0 } cell ? LogText.Escape(cell) : "any"), rule.Allow == true ? "allowed" : "denied"]),
            .. decidesAll ? [] : new string[][] { ["else", .. parts.Select(_ => "any"), "allowed"] },
        ];
        var widths = Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length)).ToList();
        return [$"access to {resource}: the first rule that fits decides", .. rows.Select(row => "  " + string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd())];
    }

    /// <summary>What is surely not meant: a rule that no client can come to, or that an earlier one leaves nothing to decide.</summary>
    public static IEnumerable<string> Warnings(SocketSyncOptions options)
    {
        foreach (var (name, resource) in options.Resources)
        {
            if (AccessList.Of(name, resource) is not { } list) continue;
            var reaching = AccessRules.ListenersOf(options, name).ToList();
            string[] names = [.. reaching.Select(listener => listener.Key)];
            var isScpi = reaching.Count > 0 && reaching.TrueForAll(listener => listener.Value.Protocol!.Definition?.Commands?.Invoke(listener.Value.Protocol!).IsScpi == true);
            for (var i = 0; i < list.Rules.Count; i++)
            {
                foreach (var stranger in resource.Access[i].Listeners.Except(names, StringComparer.OrdinalIgnoreCase))
                    yield return $"warning: resource {name}: Access rule {Number(i)} names listener {stranger}, through which no client reaches the resource";
                for (var earlier = 0; earlier < i && Array.Exists(names, list.Rules[i].TakesFrom); earlier++)
                {
                    if (!list.Rules[earlier].Covers(list.Rules[i], names, isScpi)) continue;
                    yield return $"warning: resource {name}: Access rule {Number(i)} never decides: whatever it fits, rule {Number(earlier)} before it has decided";
                    break;
                }
            }
        }
    }

    private static string All(IReadOnlyList<string> values) => string.Join(", ", values);

    // Numbered as in the file's list, whose paths count from 0.
    private static string Number(int rule) => rule.ToString(CultureInfo.InvariantCulture);
}
