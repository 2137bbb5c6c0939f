using SocketSync;

try
{
    return await ServerCommandLine.InvokeAsync(args);
}
finally
{
    StandardErrorWriter.Close();
}
