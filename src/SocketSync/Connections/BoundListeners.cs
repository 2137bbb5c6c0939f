using System.Net.Sockets;

namespace SocketSync;

/// <summary>The listeners of a host, bound together, opened together, closed together.</summary>
internal sealed class BoundListeners(IReadOnlyList<ListenerEndPoint> endPoints)
{
    // A burst of connects beyond it waits for retransmission, for seconds; net.core.somaxconn caps it.
    private const int Backlog = 4096;

    public IReadOnlyList<ListenerEndPoint> EndPoints { get; } = endPoints;

    /// <summary>Takes the addresses for good, all of them or none: clients can connect, and wait to be let in.</summary>
    /// <exception cref="ListenerBindException">Another program has begun to listen on the same address; all are closed.</exception>
    public void Listen()
    {
        List<string> problems = [];
        foreach (var endPoint in EndPoints)
        {
            foreach (var (socket, local) in endPoint.Sockets.Zip(endPoint.LocalEndPoints))
            {
                try
                {
                    socket.Listen(Backlog);
                }
                catch (SocketException e)
                {
                    problems.Add(endPoint.Address.Problem(e, local));
                }
            }
        }

        if (problems.Count > 0)
        {
            Close();
            throw new ListenerBindException(problems);
        }
    }

    /// <summary>Lets clients in.</summary>
    public void Open()
    {
        foreach (var endPoint in EndPoints)
            endPoint.Open();
    }

    /// <summary>Stops accepting at once, everywhere. May be called more than once, and before <see cref="Listen"/>.</summary>
    public void Close()
    {
        foreach (var endPoint in EndPoints)
            endPoint.Close();
    }
}

/// <summary>Addresses that cannot be had.</summary>
/// <param name="problems">One line for each: the key's full path, its value, and what is wrong.</param>
internal sealed class ListenerBindException(IReadOnlyList<string> problems)
    : Exception(string.Join(Environment.NewLine, problems))
{
    public IReadOnlyList<string> Problems { get; } = problems;
}
