namespace Cloze;

/// <summary>A model's file is broken, hostile, incomplete or asks for what is not supported.</summary>
/// <remarks>The message names the file, what was found, what was expected, and what to do.</remarks>
/// <remarks>The one exception by which a folder, a weights file or a config.json is refused.</remarks>
public sealed class CheckpointException(string message, Exception? inner = null) : Exception(message, inner);
