using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace SocketSync.Testing;

/// <summary>
/// A resource in memory: a processor behind the gate that it has in a server, with its order, its limits and its timeouts, and no
/// listener. Also a stand-in where code takes an <see cref="ISharedResource"/>.
/// </summary>
public sealed class TestResource : ISharedResource, IAsyncDisposable
{
    private readonly Meter _meter = new("SocketSync.Testing");
    private readonly SharedResource _resource;
    private readonly LocalResource _local;

    /// <param name="processor">The processor; disposed of with the resource if it can be.</param>
    /// <param name="options">
    /// The resource's settings, of which <see cref="ResourceOptions.Gate"/> and <see cref="ResourceOptions.Protocol"/> count; defaults
    /// where not given. The protocol must be one that is built in.
    /// </param>
    /// <param name="name">The resource's name.</param>
    /// <param name="time">Measures the timeouts: with a fake one a test need not wait for them.</param>
    /// <param name="logger">Logs what the processor throws.</param>
    /// <exception cref="ArgumentException">The settings of the protocol do not hold together.</exception>
    public TestResource(IRequestProcessor processor, ResourceOptions? options = null, string name = "Test", TimeProvider? time = null, ILogger? logger = null)
    {
        ArgumentNullException.ThrowIfNull(processor);
        ArgumentException.ThrowIfNullOrEmpty(name);
        options ??= new ResourceOptions();
        time ??= TimeProvider.System;
        var registration = new ProcessorRegistration(processor.GetType().Name, NeverBlocks: false, (_, _) => processor);
        var telemetry = new ResourceTelemetry(name, new TurnFeed(), time);
        var gate = new TurnGate(options.TurnsOf(), time, new TurnMetrics(_meter, name), telemetry: telemetry);
        _resource = new SharedResource(name, registration, processor, gate, telemetry, logger ?? NullLogger.Instance, time);
        _local = new LocalResource(_resource, ProtocolCatalog.Create(options.Protocol), LocalEndPoint.AsClient());
    }

    /// <summary>The same of a function.</summary>
    /// <param name="process">What is done in a turn.</param>
    /// <param name="options">The resource's settings.</param>
    public TestResource(Func<RequestContext, CancellationToken, ValueTask> process, ResourceOptions? options)
        : this(new ProcessorFunction(process), options)
    {
    }

    /// <summary>The same with default settings.</summary>
    /// <param name="process">What is done in a turn.</param>
    public TestResource(Func<RequestContext, CancellationToken, ValueTask> process)
        : this(process, options: null)
    {
    }

    /// <inheritdoc/>
    public string Name => _resource.Name;

    /// <summary>How many requests wait for their turn.</summary>
    public int QueueLength => _resource.Gate.QueueLength;

    /// <inheritdoc/>
    public Task<SharedReply> AskAsync(ReadOnlyMemory<byte> request, Priority priority = Priority.Normal, CancellationToken cancellationToken = default) =>
        _local.AskAsync(request, priority, cancellationToken);

    /// <inheritdoc/>
    public Task RunAsync(Func<CancellationToken, ValueTask> work, Priority priority = Priority.Normal, CancellationToken cancellationToken = default) =>
        _local.RunAsync(work, priority, cancellationToken);

    /// <summary>Refuses who waits, and disposes of the processor unless it is still inside a turn.</summary>
    public async ValueTask DisposeAsync()
    {
        await _resource.DisposeAsync();
        _meter.Dispose();
    }
}
