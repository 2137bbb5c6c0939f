using System.Buffers;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SocketSync.Tests;

/// <summary>A language of the host's own: a request stands between STX and ETX.</summary>
public sealed class OwnProtocolTests
{
    private const string Keys = "Listeners:Default:Port=0; Resources:Default:Protocol:Name=stxetx; Resources:Default:Protocol:MaxRequestBytes=8";

    [Fact]
    public async Task ClientsSpeakIt()
    {
        await using var app = await LibraryHost.StartAsync(sync => sync.AddProtocol<StxEtx>("StxEtx"), Keys, kestrel: true);
        using var client = new TcpClient("127.0.0.1", app.Services.GetRequiredService<Topology>().Bound.EndPoints[0].Port!.Value);
        var stream = client.GetStream();
        await stream.WriteAsync("\u0002ab\u0003\u0002"u8.ToArray(), TestContext.Current.CancellationToken);
        await stream.WriteAsync("c\u0003"u8.ToArray(), TestContext.Current.CancellationToken);
        Assert.Equal("\u0002ab\u0003\u0002c\u0003", await ReadAsync(stream, 7));
        await stream.WriteAsync("nothing"u8.ToArray(), TestContext.Current.CancellationToken);
        Assert.Equal("\u0015", await ReadAsync(stream, 1)); // its word for malformed
    }

    [Fact]
    public async Task ItsLimitHoldsAlsoIfItDoesNotKnowIt()
    {
        await using var app = await LibraryHost.StartAsync(sync => sync.AddProtocol<StxEtx>("StxEtx"), Keys);
        Assert.Equal("\u0002123456\u0003", await app.Resource("Default").AskAsync("\u0002123456\u0003"));
        Assert.Equal("TooLarge", await app.Resource("Default").AskAsync("\u00021234567\u0003"));
        Assert.Equal("TooLarge", await app.Resource("Default").AskAsync("\u000212345678"));
        Assert.Equal("Malformed", await app.Resource("Default").AskAsync("\u000212"));
        Assert.Equal("Malformed", await app.Resource("Default").AskAsync("\u00021\u0003\u00022\u0003"));
    }

    [Fact]
    public async Task ADeviceMaySpeakItToo()
    {
        await using var app = await LibraryHost.StartAsync(
            sync => sync.AddProtocol<StxEtx>("StxEtx"), $"{Keys}; Resources:Default:Processor=Relay; Resources:Default:Link:Process:FileName=cat");
        Assert.Equal("\u0002abc\u0003", await app.Resource("Default").AskAsync("\u0002abc\u0003"));
        Assert.Equal("\u0002de\u0003", await app.Resource("Default").AskAsync("\u0002de\u0003"));
    }

    [Fact]
    public void ItsNameIsOneOfThoseThatAreTold()
    {
        var builder = LibraryHost.Create(sync => sync.AddProtocol<StxEtx>("StxEtx"), "Resources:Default:Protocol:Name=StxExt");
        var told = Assert.Throws<SocketSyncStartupException>(() => builder.Build().MapSocketSync());
        Assert.EndsWith("ModbusAscii, StxEtx; did you mean StxEtx?", Assert.Single(told.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void ANameIsTakenOnce() => LibraryHost.Create(sync =>
    {
        sync.AddProtocol<StxEtx>("StxEtx");
        Assert.Throws<ArgumentException>(() => sync.AddProtocol<StxEtx>("STXETX"));
        Assert.Throws<ArgumentException>(() => sync.AddProtocol<StxEtx>("Line"));
    });

    [Fact]
    public void AConstructorMayAskForTheOptions()
    {
        var own = new OwnProtocols();
        own.Add<WithOptions>("With");
        using var services = new ServiceCollection().AddSingleton("injected").BuildServiceProvider();
        var definition = Assert.Single(own.Define(services));
        definition.Create(new() { Name = "With", Own = definition, MaxRequestBytes = 77 });
        Assert.Equal("injected 77", WithOptions.Last);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(null)]
    public async Task WhatItThrowsOrMakesUpCountsAsMalformedAndIsLoggedOnce(int? length)
    {
        var logs = new RecordingLogs();
        var builder = LibraryHost.Create(sync => sync.AddProtocol<Wild>("Wild"), "Listeners:Default:Port=0; Resources:Default:Protocol:Name=Wild");
        builder.Services.AddSingleton(new WildLength(length));
        builder.Logging.AddProvider(logs);
        await using var app = builder.Build();
        await app.StartAsync(TestContext.Current.CancellationToken);
        Assert.Equal("Malformed", await app.Resource("Default").AskAsync("ab"));
        Assert.Equal("Malformed", await app.Resource("Default").AskAsync("cd"));
        Assert.Equal("Protocol Wild has thrown, and what it was asked counts as malformed; told once in 10 s", Assert.Single(logs.Of(LogLevel.Error)).Text);
    }

    private static async Task<string> ReadAsync(NetworkStream stream, int count)
    {
        var bytes = new byte[count];
        await stream.ReadExactlyAsync(bytes, TestContext.Current.CancellationToken);
        return Encoding.ASCII.GetString(bytes);
    }

    private sealed class StxEtx : IProtocol
    {
        public FrameResult FindRequest(in ReadOnlySequence<byte> buffer, long searched)
        {
            if (buffer.FirstSpan[0] != 2) return FrameResult.Malformed;
            return buffer.PositionOf((byte)3) is { } end ? FrameResult.Complete(buffer.Slice(0, end).Length + 1) : FrameResult.Incomplete;
        }

        public bool TryWriteError(Outcome outcome, in ReadOnlySequence<byte> request, IBufferWriter<byte> output)
        {
            output.Write("\u0015"u8); // NAK
            return true;
        }
    }

    private sealed class WithOptions : IProtocol
    {
        public WithOptions(ProtocolOptions options, string injected) => Last = $"{injected} {options.MaxRequestBytes}";

        public static string? Last { get; private set; }

        public FrameResult FindRequest(in ReadOnlySequence<byte> buffer, long searched) => FrameResult.Incomplete;

        public bool TryWriteError(Outcome outcome, in ReadOnlySequence<byte> request, IBufferWriter<byte> output) => false;
    }

    private sealed record WildLength(int? Length);

    private sealed class Wild(WildLength length) : IProtocol
    {
        public FrameResult FindRequest(in ReadOnlySequence<byte> buffer, long searched) => FrameResult.Complete(length.Length ?? throw new InvalidTimeZoneException());

        public bool TryWriteError(Outcome outcome, in ReadOnlySequence<byte> request, IBufferWriter<byte> output) => false;
    }
}
