namespace Cloze.Tokenizers;

/// <summary>A token that is cut out of the text before the model sees it.</summary>
/// <param name="Content">Its text.</param>
/// <param name="Id">Its id.</param>
/// <param name="SingleWord"><c>single_word</c>: not where a neighbour is a word character.</param>
/// <param name="LStrip"><c>lstrip</c>: swallows the white space before it.</param>
/// <param name="RStrip"><c>rstrip</c>: swallows the white space behind it.</param>
/// <param name="Normalized"><c>normalized</c>: looked for in the normalized text, in normalized form.</param>
/// <param name="Special"><c>special</c>: decoding leaves it out.</param>
internal sealed record AddedToken(string Content, int Id, bool SingleWord, bool LStrip, bool RStrip, bool Normalized, bool Special);
