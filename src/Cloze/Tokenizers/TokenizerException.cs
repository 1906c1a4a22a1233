namespace Cloze.Tokenizers;

/// <summary>
/// A tokenizer file, or a request to a tokenizer, that cannot be met. The message names the file, what was found, what is supported, and what to do.
/// </summary>
/// <remarks>
/// The one exception by which a tokenizer file is refused, and by which a request is (a stride that is too long, an unknown token that the
/// vocabulary lacks).
/// </remarks>
public sealed class TokenizerException(string message, Exception? inner = null) : Exception(message, inner);
