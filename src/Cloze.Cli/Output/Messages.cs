using System.Globalization;
namespace Cloze.Cli.Output;

/// <summary>What is said on stderr, one line a message, never anything on stdout.</summary>
internal static class Messages
{
    public static void Write(string message)
    {
        Progress.Clear();
        Console.Error.WriteLine($"cloze: {message}");
    }

    /// <summary>One line for a failure.</summary>
    public static string Of(Exception e) => e switch
    {
        CommandException or CheckpointException or Hub.HubException or Tokenizers.TokenizerException or IOException or UnauthorizedAccessException => e.Message,
        ArgumentException { ParamName: { } parameter } => e.Message.Replace($" (Parameter '{parameter}')", "", StringComparison.Ordinal),
        ArgumentException => e.Message,
        _ => $"{e.GetType().Name}: {e.Message} (--verbose shows where)",
    };

    /// <summary>What the parser of the command line says, on one line and without the names of types.</summary>
    public static string OfUsage(string message) => string.Join(' ', message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        .Replace("as expected type 'System.Nullable`1[System.Int32]'", "as a whole number", StringComparison.Ordinal)
        .Replace("as expected type 'System.Int32'", "as a whole number", StringComparison.Ordinal);

    /// <summary>"1 text", "2 texts".</summary>
    public static string Count(long count, string noun) => string.Create(CultureInfo.InvariantCulture, $"{count} {noun}{(count == 1 ? "" : "s")}");
}
