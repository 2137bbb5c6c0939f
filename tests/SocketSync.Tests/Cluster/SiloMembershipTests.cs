using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;

namespace SocketSync.Tests;

/// <summary>A silo that was given up, and is still stopping, reaches the table of the members no more.</summary>
public sealed class SiloMembershipTests
{
    private static readonly TableVersion s_version = new(1, "1");
    private static readonly MembershipEntry s_entry = new() { SiloAddress = SiloAddress.Zero };

    public static TheoryData<string> Operations => [.. typeof(IMembershipTable).GetMethods().Select(method => method.Name)];

    [Theory]
    [MemberData(nameof(Operations))]
    public async Task EveryOperationEndsWithTheLifeOfItsSilo(string operation)
    {
        var method = typeof(IMembershipTable).GetMethod(operation)!;
        var inner = DispatchProxy.Create<IMembershipTable, RecordingTable>();
        var asked = ((RecordingTable)(object)inner).Asked;
        var life = new SiloDeath(_ => { });
        var services = new ServiceCollection();
        services.AddSingleton(inner);
        SiloMembership.Wrap(services, life);
        await using var provider = services.BuildServiceProvider();
        var table = provider.GetRequiredService<IMembershipTable>();
        var arguments = method.GetParameters().Select(parameter => Value(parameter.ParameterType)).ToArray();

        await (Task)method.Invoke(table, arguments)!;
        Assert.Equal([operation.EndsWith("Async", StringComparison.Ordinal) ? operation : operation + "Async"], asked);

        life.GiveUp();
        await (Task)method.Invoke(table, arguments)!;
        Assert.Single(asked);
    }

    [Fact]
    public async Task WhoWasGivenUpIsAloneAndCanEnd()
    {
        var life = new SiloDeath(_ => { });
        using var table = new SiloMembership(DispatchProxy.Create<IMembershipTable, RecordingTable>(), life);
        life.GiveUp();
        var before = await table.ReadAllAsync(TestContext.Current.CancellationToken);
        Assert.Empty(before.Members);
        Assert.True(before.Version.Version > 1_000_000);
        Assert.True(await table.InsertRowAsync(s_entry, before.Version.Next(), TestContext.Current.CancellationToken));
        var after = await table.ReadAllAsync(TestContext.Current.CancellationToken);
        Assert.Same(s_entry, Assert.Single(after.Members).Item1);
        Assert.True(after.Version.Version > before.Version.Version);
    }

    private static object Value(Type type) => type switch
    {
        _ when type == typeof(bool) => true,
        _ when type == typeof(string) => "x",
        _ when type == typeof(DateTimeOffset) => DateTimeOffset.UnixEpoch,
        _ when type == typeof(CancellationToken) => CancellationToken.None,
        _ when type == typeof(SiloAddress) => SiloAddress.Zero,
        _ when type == typeof(MembershipEntry) => s_entry,
        _ => s_version,
    };

    public class RecordingTable : DispatchProxy
    {
        private readonly List<string> _asked = [];

        public IReadOnlyCollection<string> Asked => _asked;

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            _asked.Add(targetMethod!.Name);
            return targetMethod.ReturnType == typeof(Task<bool>) ? Task.FromResult(true)
                : targetMethod.ReturnType == typeof(Task<MembershipTableData>) ? Task.FromResult(new MembershipTableData([], s_version))
                : Task.CompletedTask;
        }
    }
}
