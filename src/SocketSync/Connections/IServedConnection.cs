namespace SocketSync;

/// <summary>A connection that is served, as operators and the end of the host see it: a client that asks, or one that watches.</summary>
internal interface IServedConnection
{
    Client Client { get; }

    /// <summary>How many complete requests the client has sent.</summary>
    long Requests { get; }

    /// <summary>Whether a request of the client waits in the queue.</summary>
    bool IsWaiting { get; }

    /// <summary>Begins a graceful shutdown: what is under way is finished, nothing further is started.</summary>
    void Drain();

    /// <summary>Closes the client at an operator's request.</summary>
    void Close();
}
