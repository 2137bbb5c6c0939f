using SocketSync;

var builder = WebApplication.CreateSlimBuilder(args);
builder.AddSocketSync();
var app = builder.Build();
app.MapSocketSync();
app.Run();
