using System.Text.Json;

namespace SocketSync.EndToEndTests;

/// <summary>A program on the link that answers lines, in halves, late or not at all, complains, and dies now and then.</summary>
internal sealed class SoakProgram(string log)
{
    private const string Script = """
        n=0
        while read -r id; do
          n=$((n + 1))
          echo "begun $id" >>"$LOG"
          case $((n % 53)) in
            11) sleep 0.5 ;;
            23) exit 1 ;;
            31) echo "a complaint" >&2 ;;
            41) printf '=%s' "$id"; sleep 0.01; echo "ended $id" >>"$LOG"; echo; continue ;;
            51) sleep 600 & exit 1 ;;
          esac
          echo "ended $id" >>"$LOG"
          echo "=$id"
        done
        """;

    /// <summary>As <c>Link</c> in the settings.</summary>
    public string Link { get; } = $$"""
        "Process": { "FileName": "/bin/sh", "Arguments": ["-c", {{JsonSerializer.Serialize(Script)}}], "Environment": { "LOG": {{JsonSerializer.Serialize(log)}} } }
        """;

    /// <summary>What it has done since it was asked last. What it began and did not end, it died of.</summary>
    public IEnumerable<(string Id, Fate Fate)> TakeExecuted()
    {
        if (!File.Exists(log)) return [];
        var lines = File.ReadAllLines(log).Select(line => line.Split(' ')).ToLookup(words => words[0], words => words[1], StringComparer.Ordinal);
        File.WriteAllText(log, "");
        var ended = lines["ended"].ToHashSet(StringComparer.Ordinal);
        return lines["begun"].Select(id => (id, ended.Contains(id) ? Fate.Answered : Fate.Died));
    }
}
