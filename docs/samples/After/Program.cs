// The same thing with SocketSync: what is left is the thing itself. Order, a bounded line, time limits, clients that are slow, dead
// or too many, a stop that finishes what was begun, health checks and metrics come with it.
using System.Globalization;
using System.Text;
using SocketSync;

var builder = WebApplication.CreateBuilder(args);
var scale = new Scale();
builder.AddSocketSync()
    .AddProcessor("Scale", (context, _) =>
    {
        var request = Encoding.UTF8.GetString(context.Request).TrimEnd('\r', '\n');
        Encoding.UTF8.GetBytes((request == "zero" ? scale.Zero() : scale.Measure(request)) + "\n", context.Reply);
        return default;
    })
    .AddResource("Scale", new() { Processor = "Scale", Protocol = new() { Name = "Line" } })
    .AddListener("Scale"); // port 56780

var app = builder.Build();
app.MapSocketSync(); // health, status
app.Run();

/// <summary>The thing that only one may use at a time. It needs no lock: nobody else is inside.</summary>
internal sealed class Scale
{
    private int _measured;

    public string Measure(string what) => string.Create(CultureInfo.InvariantCulture, $"{++_measured}: {what} weighs {what.Length} g");

    public string Zero()
    {
        _measured = 0;
        return "zeroed";
    }
}
