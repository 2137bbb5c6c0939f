namespace SocketSync;

/// <summary>
/// A provider of the configuration that knows which of its keys were written as a list. In .NET's configuration a list is a
/// section whose keys are numbers, and so cannot be told from units of a device, which are numbers too.
/// </summary>
internal interface IConfigurationLists
{
    /// <summary>Full paths.</summary>
    IReadOnlyCollection<string> Lists { get; }
}
