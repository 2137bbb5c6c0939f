using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace SocketSync.Tests;

/// <summary>Processors as functions, and processors with settings.</summary>
public sealed class ProcessorRegistrationTests
{
    private const string TwoBenches = "Resources:A:Processor=Bench; Resources:B:Processor=Bench; Resources:A:Settings:Range=5; Listeners:A:Port=0; Listeners:B:Port=0";

    [Fact]
    public async Task AFunctionIsAProcessor()
    {
        await using var app = await LibraryHost.StartAsync(
            sync => sync.AddProcessor("Shout", (context, _) => context.SayAsync($"{context.Resource}!")), "Resources:A:Processor=shout; Resources:B:Processor=Shout; Listeners:A:Port=0; Listeners:B:Port=0");
        Assert.Equal("A!", await app.Resource("A").AskAsync("x"));
        Assert.Equal("B!", await app.Resource("B").AskAsync("x"));
    }

    [Fact]
    public void ANameIsTakenOnce()
    {
        LibraryHost.Create(sync =>
        {
            sync.AddProcessor("One", (_, _) => default);
            Assert.Throws<ArgumentException>(() => sync.AddProcessor("ONE", (_, _) => default));
            Assert.Throws<ArgumentException>(() => sync.AddProcessor<Bench, BenchSettings>("one"));
            Assert.Throws<ArgumentException>(() => sync.AddProcessor("Relay", (_, _) => default));
        });
    }

    [Fact]
    public async Task WhatItsConstructorLacksIsToldInOneLine()
    {
        await using var app = LibraryHost.Create(sync => sync.AddProcessor<Lacking>("Lacking"), "Resources:Default:Processor=Lacking; Listeners:Default:Port=0").Build();
        var told = await Assert.ThrowsAsync<SocketSyncStartupException>(() => app.StartAsync(TestContext.Current.CancellationToken));
        Assert.StartsWith("SocketSync:Resources:Default:Processor: 'Lacking': cannot be created: ", Assert.Single(told.Problems), StringComparison.Ordinal);
        Assert.Contains("System.Version", told.Problems[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task EachResourceHasSettingsOfItsOwn()
    {
        await using var app = await LibraryHost.StartAsync(sync => sync.AddProcessor<Bench, BenchSettings>("Bench"), $"{TwoBenches}; Resources:A:Settings:Probe:Name=left");
        Assert.Equal("range 5, probe left", await app.Resource("A").AskAsync("?"));
        Assert.Equal("range 1, probe none", await app.Resource("B").AskAsync("?"));
    }

    [Theory]
    [InlineData("Resources:A:Settings:Rnge=5", "SocketSync:Resources:A:Settings:Rnge: is not a known key; did you mean SocketSync:Resources:A:Settings:Range?")]
    [InlineData("Resources:A:Settings:Probe:Nam=x", "SocketSync:Resources:A:Settings:Probe:Nam: is not a known key; did you mean SocketSync:Resources:A:Settings:Probe:Name?")]
    [InlineData("Resources:A:Settings:Range=many", "SocketSync:Resources:A:Settings:Range: 'many': must be a whole number")]
    [InlineData("Resources:A:Settings:Range=77", "SocketSync:Resources:A:Settings:Range: '77': The field Range must be between 1 and 9.")]
    [InlineData("Resources:A:Settings:ApiToken=x", "SocketSync:Resources:A:Settings:ApiToken: The field ApiToken must be a string or array type with a minimum length of '8'.")]
    [InlineData("Resources:A:Settings=5", "SocketSync:Resources:A:Settings: must be a section, not a value; its keys are Range, ApiToken, Probe")]
    [InlineData("Resources:B:Processor=Echo; Resources:B:Settings:Range=5", "SocketSync:Resources:B:Settings: is for processors that were added with settings, not for Echo; leave it out")]
    public void WhatDoesNotFitIsAProblem(string keys, string problem)
    {
        var builder = LibraryHost.Create(sync => sync.AddProcessor<Bench, BenchSettings>("Bench"), $"{TwoBenches}; {keys}");
        var told = Assert.Throws<SocketSyncStartupException>(() => builder.Build().MapSocketSync());
        Assert.EndsWith(problem, Assert.Single(told.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARuleOfTheHostsOwnHoldsFromTheStart()
    {
        var builder = LibraryHost.Create(sync => sync.AddProcessor<Bench, BenchSettings>("Bench"), TwoBenches);
        builder.Services.AddOptionsWithValidateOnStart<BenchSettings>("A").Validate(settings => settings.Range > 7, "a range above 7 is needed here");
        await using var app = builder.Build();
        var thrown = await Assert.ThrowsAnyAsync<Exception>(() => app.StartAsync(TestContext.Current.CancellationToken));
        Assert.Contains("a range above 7 is needed here", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AChangeIsPassedOnWhenTheWholeConfigurationIsValid()
    {
        await using var app = await LibraryHost.StartAsync(sync => sync.AddProcessor<Bench, BenchSettings>("Bench"), TwoBenches);
        var heard = new List<string?>();
        using var hearing = app.Services.GetRequiredService<IOptionsMonitor<BenchSettings>>().OnChange((_, name) => heard.Add(name));
        var watcher = app.Services.GetRequiredService<SocketSyncService>().Watcher!;

        app.Configuration["SocketSync:Resources:A:Settings:Range"] = "77";
        app.Configuration["SocketSync:Resources:B:Settings:Range"] = "3";
        Assert.Single((await watcher.RereadAsync())!.Faults);
        Assert.Equal("range 5, probe none", await app.Resource("A").AskAsync("?"));
        Assert.Equal("range 1, probe none", await app.Resource("B").AskAsync("?"));
        Assert.Empty(heard);

        app.Configuration["SocketSync:Resources:A:Settings:Range"] = "5";
        Assert.Equal(["B"], (await watcher.RereadAsync())!.Applied);
        Assert.Equal("range 3, probe none", await app.Resource("B").AskAsync("?"));
        Assert.Equal("B", Assert.Single(heard));
    }

    private sealed class Bench(IOptionsMonitor<BenchSettings> settings) : IRequestProcessor
    {
        public ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken)
        {
            var mine = settings.Get(context.Resource);
            return context.SayAsync($"range {mine.Range}, probe {mine.Probe.Name}");
        }
    }

    private sealed class Lacking : IRequestProcessor
    {
        public Lacking(Version unknown) => Assert.NotNull(unknown);

        public ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }

    private sealed class BenchSettings
    {
        [Range(1, 9)]
        public int Range { get; set; } = 1;

        [MinLength(8)]
        public string? ApiToken { get; set; }

        public ProbeSettings Probe { get; set; } = new();
    }

    private sealed class ProbeSettings
    {
        public string Name { get; set; } = "none";
    }
}
