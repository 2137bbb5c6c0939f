using Spectre.Console;
using Spectre.Console.Rendering;

namespace SocketSync;

/// <summary>Writes what is for people to standard output: as wide as the terminal, or plain where a program reads it.</summary>
internal static class TerminalOutput
{
    /// <summary>Wider than any terminal: nothing is left out or wrapped for a program that reads it.</summary>
    private const int PlainWidth = 400;

    /// <param name="draw">Draws it, for a width, and whether it is to be plain.</param>
    public static void Write(Func<int, bool, IRenderable> draw)
    {
        if (!Console.IsOutputRedirected)
        {
            AnsiConsole.Write(draw(AnsiConsole.Profile.Width, false));
            return;
        }

        var plain = AnsiConsole.Create(new() { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Interactive = InteractionSupport.No });
        plain.Profile.Width = PlainWidth;
        plain.Write(draw(PlainWidth, true));
    }
}
