using System.Globalization;
using System.Text;

namespace SocketSync;

/// <summary>Draws percentiles over time, on a scale of powers of ten: waits differ by that much.</summary>
internal sealed class PlotDrawing
{
    public const int Width = 600;
    public const int Height = 120;

    private readonly int _lowest;
    private readonly int _decades;

    public PlotDrawing(IReadOnlyList<DurationPoint> points)
    {
        var times = points.SelectMany(point => new[] { point.P50, point.P99 }).OfType<TimeSpan>().Select(Decade).ToList();
        _lowest = times.Count == 0 ? -3 : (int)Math.Floor(times.Min());
        var highest = times.Count == 0 ? 0 : (int)Math.Ceiling(times.Max() + 0.01);
        _decades = Math.Max(2, highest - _lowest);
        P50 = Draw([.. points.Select(point => point.P50)]);
        P99 = Draw([.. points.Select(point => point.P99)]);
        var step = _decades > 4 ? 2 : 1;
        Lines =
        [
            .. from decade in Enumerable.Range(0, _decades + 1)
               where decade % step == 0
               select new PlotLine(100 * (1 - decade / (double)_decades), Label(_lowest + decade)),
        ];
    }

    public string P50 { get; }

    public string P99 { get; }

    public IReadOnlyList<PlotLine> Lines { get; }

    private static double Decade(TimeSpan time) => Math.Log10(Math.Max(1e-6, time.TotalSeconds));

    private static string Label(int decade) => decade switch
    {
        < -3 => $"{Math.Pow(10, decade + 6):0} µs",
        < 0 => $"{Math.Pow(10, decade + 3):0} ms",
        _ => $"{Math.Pow(10, decade):0} s",
    };

    private string Draw(IReadOnlyList<TimeSpan?> times)
    {
        var step = Width / (double)times.Count;
        var path = new StringBuilder();
        for (var i = 0; i < times.Count; i++)
        {
            if (times[i] is not { } time)
                continue;
            var y = Height * (1 - (Decade(time) - _lowest) / _decades);
            // Each step is a level stroke: what was measured held for its whole time.
            path.Append(CultureInfo.InvariantCulture, $"{(i == 0 || times[i - 1] is null ? 'M' : 'L')}{i * step:0.#} {y:0.#}h{step:0.#}");
        }

        return path.ToString();
    }
}

/// <summary>A line of the scale: where, in percent from the top, and what it stands for.</summary>
internal readonly record struct PlotLine(double Top, string Label);
