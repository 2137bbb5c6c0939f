using System.Buffers;

namespace SocketSync;

/// <summary>The ways of one client to the resources that its listener reaches, with a turn of its own at each.</summary>
internal sealed partial class ClientConnection
{
    private Route CurrentRoute => _way.Route;

    private SharedResource CurrentResource => _way.Route.Resource;

    private ResourceTelemetry Telemetry => CurrentResource.Telemetry;

    /// <summary>Chooses the way of the request found last. The one before it has been answered, so replies keep their order.</summary>
    /// <returns><see langword="false"/> if the request names a unit without a route.</returns>
    private bool TrySelectWay()
    {
        if (_routes.Length == 1 && _listener.Units is null)
            return true;
        if (_listener.RouteOf(_stream.Reader.Frame) is not { } route)
            return false;
        if (_way.Route != route)
            _way = WayOf(route);
        return true;
    }

    // Without a closure, which would be allocated for each request.
    private RouteState WayOf(Route route)
    {
        foreach (var way in _routes)
        {
            if (way.Route == route)
                return way;
        }

        throw new ArgumentException("This is not a route of the client's listener.", nameof(route));
    }

    /// <summary>Refuses the request found last, whose unit has no route.</summary>
    /// <returns><see langword="false"/> if the connection must be closed.</returns>
    private bool RefuseLost()
    {
        var request = _stream.Reader.Frame;
        _stream.RequestIsWhole();
        _requests++;
        _arrivedAt = null;
        _mustYield |= _work.Charge(WorkBudget.Frame + request.Length);
        _listener.Units!.CountLost(request, Client);
        TouchLeases();
        var goesOn = Tell(Outcome.Unavailable, request);
        _stream.Reader.Consume();
        return goesOn;
    }

    private bool HasLostLease()
    {
        foreach (var way in _routes)
        {
            if (way.Turn.LeaseLost)
                return true;
        }

        return false;
    }

    /// <summary>
    /// The client has reset its connection, or ended its stream, while a request is under way at one resource: what it has leased of
    /// the others is free at once.
    /// </summary>
    private void LeaveOtherWays()
    {
        foreach (var way in _routes)
        {
            if (way != _way)
                way.Route.Resource.Gate.Leave(way.Turn);
        }
    }

    /// <summary>The client has sent something that is no request to a resource, and has therefore not fallen silent.</summary>
    private void TouchLeases()
    {
        foreach (var way in _routes)
        {
            if (way.Turn.State == TurnState.Leased)
                way.Route.Resource.Gate.Touch(way.Turn);
        }
    }

    private Turn NewTurn() => new(Client, _listener.Options.Priority, _onLeaseLost);

    private RequestContext NewContext() => new(CurrentResource.Name, Client, this, leaveIoThread: !CurrentResource.NeverBlocks) { Work = _work };

    /// <summary>A route, with this client's turn at its resource.</summary>
    private sealed class RouteState(Route route, Turn turn)
    {
        public Route Route { get; } = route;

        public Turn Turn { get; set; } = turn;

        /// <summary>The context of requests to the resource, once one was needed.</summary>
        public RequestContext? Context { get; set; }
    }
}
