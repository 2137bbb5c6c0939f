// A host with processors of its own, as a user writes one, whose turns the end-to-end tests begin and end by HTTP.
using OpenTelemetry.Metrics;
using SocketSync;
using SocketSync.TestHost;

var builder = WebApplication.CreateBuilder(args);
builder.Configuration.AddJsonFile(builder.Configuration["config"]!, optional: false, reloadOnChange: true);
builder.Logging.AddFilter("Microsoft", LogLevel.Warning); // The tests ask often.
builder.Logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None); // Each time that they find it unready.
builder.Logging.AddFilter("Orleans", LogLevel.Warning);
builder.Services.AddSingleton<Stage>();
var socketSync = builder.AddSocketSync().AddDashboard()
    .AddProcessor<Scripted>("Scripted").AddProcessor<Converse>("Converse").AddProcessor<Judged>("Judged")
    .AddProcessor<Where>("Where").AddProcessor<Where>("WhereNeverBlocking", neverBlocks: true);
if (!StandInNodes.AddIfAsked(builder)) socketSync.AddCluster();
builder.Services.AddOpenTelemetry().WithMetrics(metrics => metrics.AddMeter("SocketSync").AddPrometheusExporter());

var app = builder.Build();
UnobservedExceptions.Log(app.Logger);
StandInNodes.BeginIfAsked(app);
app.MapSocketSync();
app.MapPrometheusScrapingEndpoint("/metrics").WithMetadata(new HttpMethodMetadata([HttpMethods.Get, HttpMethods.Head]));
app.MapPost("/test/release/{key}", (string key, Stage stage) => stage.Release(key));
app.MapGet("/test/log", (Stage stage) => stage.Log());
app.MapGet("/test/hang/{key}", (string key, Stage stage) => stage.Released(key)); // Whatever becomes of who asked.
app.Run();
