// A test bench that talks with its user during the turn, and that has settings: two of them, each with its own.
using SocketSync;
using SocketSync.Samples;

var builder = WebApplication.CreateBuilder(args);
builder.AddSocketSync().AddProcessor<Bench, BenchSettings>("Bench");

var app = builder.Build();
app.MapSocketSync();
app.Run();
