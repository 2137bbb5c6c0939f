using System.Globalization;
using ScottPlot;
using SkiaSharp;

namespace SocketSync.Benchmarks;

/// <summary>
/// The rates of a comparison as bars, a panel for each scenario, and the servers' CPU time; a thin line spans the least and the most of
/// a round.
/// </summary>
internal static class ComparisonPlot
{
    private const int Width = 560;
    private const int Height = 260;
    private const int Columns = 2;
    private static readonly Color Own = Color.FromHex("#1f6fb2");
    private static readonly Color Others = Color.FromHex("#b8c0c8");
    private static readonly Color Ink = Color.FromHex("#24292f");

    public static void Save(string directory, CompareOptions options, IReadOnlyList<Measurement> measurements)
    {
        var panels = options.Scenarios
            .Select(s => Panel($"{(s.Work is null ? "Echo" : "Relay")}: {s.Title}", "requests/s", Bars(s, options, measurements, static r => r.RequestsPerSecond)))
            .ToList();
        if (options.Scenarios.FirstOrDefault(static s => s.Name == "plain") is { } plain)
        {
            panels.Add(Panel($"Echo: {plain.Title}", "µs of the server's CPU time for each request",
                Bars(plain, options, measurements, static r => r.ServerCpuMicrosecondsPerRequest)));
        }
        var rows = (panels.Count + Columns - 1) / Columns;
        var columns = Math.Min(panels.Count, Columns);
        using var file = File.Create(Path.Combine(directory, "performance.svg"));
        using var canvas = SKSvgCanvas.Create(new SKRect(0, 0, Width * columns, Height * rows), file);
        canvas.Clear(SKColors.White);
        for (var i = 0; i < panels.Count; i++)
        {
            var (x, y) = (i % Columns * Width, i / Columns * Height);
            panels[i].Render(canvas, new PixelRect(x, x + Width, y + Height, y));
        }
    }

    private static List<(string Name, Median Figure)> Bars(
        Scenario scenario, CompareOptions options, IReadOnlyList<Measurement> measurements, Func<LoadReport, double?> figure)
    {
        var names = scenario.Work is null
            ? Contestants.Echo.Select(static c => c.Name)
            : Contestants.Relay(0).Select(static c => c.Name).Prepend(Contestants.Direct);
        return [.. names.Where(n => n == Contestants.Direct || options.Takes(n))
            .Select(n => (Name: n, Figure: new Row(n, scenario, measurements).Of(figure)))
            .Where(static bar => bar.Figure is not null)
            .Select(static bar => (bar.Name, bar.Figure!.Value))];
    }

    private static Plot Panel(string title, string unit, List<(string Name, Median Figure)> bars)
    {
        var plot = new Plot();
        // It would clear the whole drawing, the panels before it included.
        _ = plot.RenderManager.RenderActions.RemoveAll(static action => action is ScottPlot.Rendering.RenderActions.ClearCanvas);
        plot.Font.Set("DejaVu Sans");
        plot.FigureBackground.Color = Colors.White;
        plot.Axes.Color(Ink);
        plot.Title(title, 13);
        var most = bars.Select(static b => b.Figure.Most).DefaultIfEmpty(1).Max();
        for (var i = 0; i < bars.Count; i++) Draw(plot, bars[i].Name, bars[i].Figure, bars.Count - 1 - i, most);
        plot.Axes.Left.SetTicks([.. bars.Select((_, i) => (double)(bars.Count - 1 - i))], [.. bars.Select(static b => b.Name)]);
        plot.Axes.Left.MajorTickStyle.Length = 0;
        plot.Axes.Left.FrameLineStyle.Width = 0;
        plot.Axes.Right.FrameLineStyle.Width = 0;
        plot.Axes.Top.FrameLineStyle.Width = 0;
        plot.Axes.Left.TickLabelStyle.FontSize = 12;
        plot.Axes.Bottom.Label.Text = unit;
        plot.Axes.Bottom.Label.FontSize = 12;
        plot.Axes.Bottom.Label.Bold = false;
        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericAutomatic
        {
            LabelFormatter = static value => value.ToString("N0", CultureInfo.InvariantCulture),
            TargetTickCount = 5,
        };
        plot.HideGrid();
        plot.Axes.SetLimits(0, most * 1.25, -0.6, bars.Count - 0.4);
        return plot;
    }

    private static void Draw(Plot plot, string name, Median figure, int position, double scale)
    {
        _ = plot.Add.Bar(new Bar
        {
            Position = position,
            Value = figure.Value,
            Size = 0.7,
            Orientation = Orientation.Horizontal,
            FillColor = name == Contestant.Own ? Own : Others,
            LineWidth = 0,
        });
        var span = plot.Add.Line(figure.Least, position, figure.Most, position);
        (span.LineColor, span.LineWidth, span.MarkerSize) = (Ink, 1, 0);
        var text = plot.Add.Text(figure.Value.ToString(figure.Value < 100 ? "N1" : "N0", CultureInfo.InvariantCulture), figure.Most + (scale * 0.015), position);
        (text.LabelFontSize, text.LabelFontColor, text.LabelAlignment) = (12, Ink, Alignment.MiddleLeft);
    }
}
