namespace SocketSync.EndToEndTests;

/// <summary>A folder of its own for the files of one test.</summary>
internal sealed class TestFiles : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("socketsync-");

    public string Folder => _folder.FullName;

    public string this[string name] => Path.Combine(Folder, name);

    /// <summary>Writes a file as a whole: who watches it never sees half of it.</summary>
    public string Write(string name, string text)
    {
        var path = this[name];
        File.WriteAllText(path + ".new", text);
        File.Move(path + ".new", path, overwrite: true);
        return path;
    }

    /// <summary>Copies a file, with all that lies beside it, into a folder of this name.</summary>
    public void Copy(string file, string name)
    {
        Directory.CreateDirectory(this[name]);
        foreach (var one in Directory.GetFiles(Path.GetDirectoryName(file)!)) File.Copy(one, Path.Combine(this[name], Path.GetFileName(one)));
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
