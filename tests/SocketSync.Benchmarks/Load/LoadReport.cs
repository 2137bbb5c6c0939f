using System.Globalization;
using System.Text;
using System.Text.Json;

namespace SocketSync.Benchmarks;

/// <summary>The figures of a run; what <c>--json</c> prints.</summary>
internal sealed record LoadReport
{
    public static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public required string Target { get; init; }

    public required string Protocol { get; init; }

    public required int Connections { get; init; }

    public required int Pipeline { get; init; }

    public required int RequestBytes { get; init; }

    /// <summary>Requests per second asked for, or null for as many as are answered.</summary>
    public double? Rate { get; init; }

    /// <summary>The measured time.</summary>
    public required double Seconds { get; init; }

    /// <summary>Answered in the measured time.</summary>
    public required long Requests { get; init; }

    public required double RequestsPerSecond { get; init; }

    public required LatencyFigures LatencyMicroseconds { get; init; }

    /// <summary>Least over most served connection in the measured time.</summary>
    public required double Fairness { get; init; }

    public required long LeastServed { get; init; }

    public required long MostServed { get; init; }

    /// <summary>From the first connect to the last connection standing; null if that was never so.</summary>
    public double? AllConnectedSeconds { get; init; }

    /// <summary>From the first connect to the first reply of the connection that got its own last.</summary>
    public double? AllServedSeconds { get; init; }

    public required double ClientCpuMicrosecondsPerRequest { get; init; }

    public double? ServerCpuMicrosecondsPerRequest { get; init; }

    public required IReadOnlyList<SecondFigures> PerSecond { get; init; }

    public string ToText()
    {
        var text = new StringBuilder();
        void Line(string name, FormattableString value) => text.Append($"{name,-22}").AppendLine(value.ToString(CultureInfo.InvariantCulture));
        Line("requests", $"{Requests:N0} in {Seconds:F2} s, each answered with its own reply");
        Line("requests per second", $"{RequestsPerSecond:N0}");
        Line("latency in µs", $"{LatencyMicroseconds}{(Rate is null ? "" : ", each from when it was due")}");
        Line("fairness", $"{Fairness:F3} (least {LeastServed:N0}, most {MostServed:N0})");
        Line("all connected after", $"{Show(AllConnectedSeconds)}");
        Line("all served after", $"{Show(AllServedSeconds)}");
        Line("CPU time per request", $"client {ClientCpuMicrosecondsPerRequest:F2} µs{(ServerCpuMicrosecondsPerRequest is { } s ? FormattableString.Invariant($", server {s:F2} µs") : "")}");
        return text.ToString();
    }

    private static string Show(double? seconds) => seconds is { } s ? FormattableString.Invariant($"{s:F3} s") : "never";
}
