using MudBlazor;

namespace SocketSync;

/// <summary>The colours of MudBlazor's components. The style sheet takes its own from them.</summary>
internal static class PageTheme
{
    private static readonly string[] SystemFont = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Liberation Sans", "sans-serif"];

    public static MudTheme Mud { get; } = new()
    {
        PaletteLight = new PaletteLight
        {
            Primary = "#0b6e69",
            Error = "#b3261e",
            Background = "#f3f5f7",
            Surface = "#ffffff",
            TextPrimary = "#16202a",
            TextSecondary = "#4d5b68",
            LinesDefault = "#d5dce3",
            ActionDefault = "#4d5b68",
        },
        PaletteDark = new PaletteDark
        {
            Primary = "#56cfc4",
            PrimaryContrastText = "#06201e",
            Error = "#ff8a80",
            ErrorContrastText = "#2b0705",
            Background = "#0f1519",
            Surface = "#182127",
            TextPrimary = "#e7edf2",
            TextSecondary = "#a3b3bf",
            LinesDefault = "#2e3c46",
            ActionDefault = "#a3b3bf",
        },
        Typography = new Typography { Default = new DefaultTypography { FontFamily = SystemFont }, Button = new ButtonTypography { FontFamily = SystemFont, TextTransform = "none", FontWeight = "600" } },
    };
}
