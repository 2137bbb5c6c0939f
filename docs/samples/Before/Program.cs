// The classic program: a thread for each client, a lock around the thing that they share, a queue to the one who uses it, and hope.
// It works on the day it is written. What is wrong with it stands beside each line; After has none of it.
using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

var port = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 56780;
var scale = new Scale();
var jobs = new BlockingCollection<(string Request, StreamWriter Client)>(); // no bound: it grows until the memory is gone
new Thread(() =>
{
    foreach (var (request, client) in jobs.GetConsumingEnumerable())
    {
        client.WriteLine(scale.Measure(request)); // a client that does not read stops everybody; one that has gone ends the program
    }
}).Start();

using var listener = new TcpListener(IPAddress.Loopback, port);
listener.Start();
Console.WriteLine($"listening on {listener.LocalEndpoint}");
while (true)
{
    var client = listener.AcceptTcpClient(); // anybody, as many as there are
    new Thread(() => // a thread for each: a thousand clients are a thousand threads
    {
        using var reader = new StreamReader(client.GetStream()); // a line without an end is read until the memory is gone
        var writer = new StreamWriter(client.GetStream()) { AutoFlush = true };
        while (reader.ReadLine() is { } request)
        {
            if (request == "zero")
            {
                lock (scale) // the other half of the truth: whoever calls Measure does not know of this lock
                    writer.WriteLine(scale.Zero());
            }
            else
            {
                jobs.Add((request, writer)); // in whose turn? for how long? who tells that it takes too long?
            }
        }
    }).Start();
}

/// <summary>The thing that only one may use at a time.</summary>
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
