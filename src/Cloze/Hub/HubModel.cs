using System.Globalization;
using Cloze.Checkpoints;
namespace Cloze.Hub;

/// <summary>A model's name on a hub, <c>org/name</c>, and the branch, tag or commit that is wanted of it.</summary>
public sealed record HubModel
{
    private const string DefaultRevision = "main", NotInRevisions = " ~^:?*[\\\"<>|";
    private const int MostLettersOfName = 96, MostLettersOfRevision = 250;

    private HubModel(string repository, string revision) => (Repository, Revision) = (repository, revision);

    /// <summary><c>org/name</c>.</summary>
    public string Repository { get; }
    /// <summary>A branch, a tag, a ref such as <c>refs/pr/1</c>, or a commit; <c>main</c> where none was named.</summary>
    public string Revision { get; }
    /// <summary>Whether the revision is a full commit id, which cannot come to mean something else.</summary>
    internal bool IsCommit => IsCommitId(Revision);

    /// <param name="text"><c>org/name</c> or <c>org/name@revision</c>.</param>
    /// <exception cref="HubException">It is no such name; the message says why.</exception>
    public static HubModel Parse(string text)
    {
        int at = text.IndexOf('@');
        string repository = at < 0 ? text : text[..at], revision = at < 0 ? DefaultRevision : text[(at + 1)..];
        if (FaultOf(repository) is { } fault)
            throw new HubException($"{FileFault.Shown(text)} is no name of a model on a hub (org/name or org/name@revision): {fault}.");
        if (FaultOfRevision(revision) is { } wrong)
            throw new HubException($"{FileFault.Shown(revision)} is no revision that {repository} could have (a branch, a tag, a commit): {wrong}.");
        return new(repository, revision);
    }

    /// <summary><c>org/name@revision</c>.</summary>
    public override string ToString() => $"{Repository}@{Revision}";

    internal HubModel At(string commit) => new(Repository, commit);

    internal static bool IsCommitId(string text) => text.Length == 40 && text.All(char.IsAsciiHexDigitLower);

    /// <summary>The rules of <c>huggingface_hub</c> (<c>utils/_validators.py</c>), with the organization, which is optional there.</summary>
    private static string? FaultOf(string repository)
    {
        string[] parts = repository.Split('/');
        if (parts.Length != 2) return "an organization and a name with one / between them are needed";
        foreach (string part in parts)
        {
            if (part.Length is 0 or > MostLettersOfName) return $"both parts have 1 to {MostLettersOfName} letters";
            if (!part.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-' or '.'))
                return "only ASCII letters, digits, _, - and . are allowed";
            if (part[0] is '-' or '.' || part[^1] is '-' or '.') return "no part begins or ends with a dash or a dot";
        }
        if (repository.Contains("--", StringComparison.Ordinal) || repository.Contains("..", StringComparison.Ordinal)) return "-- and .. are not allowed";
        return repository.EndsWith(".git", StringComparison.Ordinal) ? "it ends in .git" : null;
    }

    /// <summary>git-check-ref-format, and what a file below <c>refs/</c> cannot be called.</summary>
    private static string? FaultOfRevision(string revision)
    {
        if (revision.Length is 0 or > MostLettersOfRevision) return $"it has 1 to {MostLettersOfRevision} letters";
        if (revision[0] == '-' || revision == "@") return "it begins with -, or is @ alone";
        if (revision.Any(letter => char.IsControl(letter) || char.IsSurrogate(letter) || NotInRevisions.Contains(letter)))
            return "it has a letter that git does not allow";
        if (revision.Any(letter => char.GetUnicodeCategory(letter) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator))
            return "it has an invisible letter";
        if (revision.Contains("..", StringComparison.Ordinal) || revision.Contains("@{", StringComparison.Ordinal)) return ".. and @{ are not allowed";
        bool isWrong = revision.Split('/').Any(part => part.Length == 0 || part[0] == '.' || part[^1] == '.' || part.EndsWith(".lock", StringComparison.Ordinal));
        return isWrong ? "a part of it is empty, begins or ends with a dot, or ends in .lock" : null;
    }
}
