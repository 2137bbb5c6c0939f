using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;

namespace SocketSync;

/// <summary>
/// The table of the members as one life of this node's silo sees it: the one in the store, until that life has been given up, and then one
/// of its own, in which it is alone. A silo takes a while to stop, and goes on meanwhile: it would write itself into a table that has lost
/// it, and vote members dead that do not know it any more. Alone, it has nobody to wait for.
/// </summary>
/// <param name="table">The table in the store.</param>
/// <param name="life">Says when it is over.</param>
internal sealed class SiloMembership(IMembershipTable table, SiloDeath life) : IMembershipTable, IDisposable
{
    private readonly OwnMembership _own = new();

    private IMembershipTable Table => life.IsGivenUp ? _own : table;

    /// <summary>Lets a silo reach its table only by this.</summary>
    public static void Wrap(IServiceCollection services, SiloDeath life)
    {
        var inner = services.Last(static service => service.ServiceType == typeof(IMembershipTable));
        services.Remove(inner);
        services.AddSingleton<IMembershipTable>(provider => new SiloMembership(Create(provider, inner), life));
    }

    public Task InitializeMembershipTable(bool tryInitTableVersion) => InitializeMembershipTableAsync(tryInitTableVersion);

    public Task InitializeMembershipTableAsync(bool tryInitTableVersion, CancellationToken cancellationToken = default) =>
        Table.InitializeMembershipTableAsync(tryInitTableVersion, cancellationToken);

    public Task DeleteMembershipTableEntries(string clusterId) => DeleteMembershipTableEntriesAsync(clusterId);

    public Task DeleteMembershipTableEntriesAsync(string clusterId, CancellationToken cancellationToken = default) =>
        Table.DeleteMembershipTableEntriesAsync(clusterId, cancellationToken);

    public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => CleanupDefunctSiloEntriesAsync(beforeDate);

    public Task CleanupDefunctSiloEntriesAsync(DateTimeOffset beforeDate, CancellationToken cancellationToken = default) =>
        Table.CleanupDefunctSiloEntriesAsync(beforeDate, cancellationToken);

    public Task<MembershipTableData> ReadRow(SiloAddress key) => ReadRowAsync(key);

    public Task<MembershipTableData> ReadRowAsync(SiloAddress key, CancellationToken cancellationToken = default) => Table.ReadRowAsync(key, cancellationToken);

    public Task<MembershipTableData> ReadAll() => ReadAllAsync();

    public Task<MembershipTableData> ReadAllAsync(CancellationToken cancellationToken = default) => Table.ReadAllAsync(cancellationToken);

    public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion) => InsertRowAsync(entry, tableVersion);

    public Task<bool> InsertRowAsync(MembershipEntry entry, TableVersion tableVersion, CancellationToken cancellationToken = default) =>
        Table.InsertRowAsync(entry, tableVersion, cancellationToken);

    public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion) => UpdateRowAsync(entry, etag, tableVersion);

    public Task<bool> UpdateRowAsync(MembershipEntry entry, string etag, TableVersion tableVersion, CancellationToken cancellationToken = default) =>
        Table.UpdateRowAsync(entry, etag, tableVersion, cancellationToken);

    public Task UpdateIAmAlive(MembershipEntry entry) => UpdateIAmAliveAsync(entry);

    public Task UpdateIAmAliveAsync(MembershipEntry entry, CancellationToken cancellationToken = default) => Table.UpdateIAmAliveAsync(entry, cancellationToken);

    public void Dispose() => (table as IDisposable)?.Dispose();

    private static IMembershipTable Create(IServiceProvider provider, ServiceDescriptor descriptor) => (IMembershipTable)(
        descriptor.ImplementationInstance
        ?? descriptor.ImplementationFactory?.Invoke(provider)
        ?? ActivatorUtilities.CreateInstance(provider, descriptor.ImplementationType!));

    /// <summary>A table in memory. Its version is greater than any in a store, so that a silo believes it.</summary>
    private sealed class OwnMembership : IMembershipTable
    {
        private readonly ConcurrentDictionary<SiloAddress, MembershipEntry> _entries = new();
        private int _version = int.MaxValue / 2;

        public Task InitializeMembershipTable(bool tryInitTableVersion) => Task.CompletedTask;

        public Task DeleteMembershipTableEntries(string clusterId) => Task.CompletedTask;

        public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => Task.CompletedTask;

        public Task<MembershipTableData> ReadRow(SiloAddress key) => ReadAll();

        public Task<MembershipTableData> ReadAll() =>
            Task.FromResult(new MembershipTableData(_entries.Values.Select(static entry => Tuple.Create(entry, "")).ToList(), new(Volatile.Read(ref _version), "")));

        public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion) => UpdateRow(entry, "", tableVersion);

        public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion)
        {
            _entries[entry.SiloAddress] = entry;
            Interlocked.Increment(ref _version);
            return Task.FromResult(true);
        }

        public Task UpdateIAmAlive(MembershipEntry entry) => Task.CompletedTask;
    }
}
