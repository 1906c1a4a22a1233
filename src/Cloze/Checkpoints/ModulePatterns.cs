using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
namespace Cloze.Checkpoints;

/// <summary>Python's regular expressions of a configuration that nobody has checked, matched against the names of modules, within a bounded time for all of them.</summary>
/// <remarks>
/// Python 3.14, library/re. What .NET spells in another way is translated: <c>(?P&lt;x&gt;…)</c>, <c>(?P=x)</c>, <c>\Z</c>, <c>{,n}</c>, a bracket in a set.
/// .NET's engine that does not backtrack is of no help: making one expression takes it 16 ms, some of 5 kB half a minute, and it has no lookaround.
/// Safe for concurrent use.
/// </remarks>
/// <param name="source">The file, for messages.</param>
internal sealed class ModulePatterns(string source)
{
    private const int MostLetters = 10_000, MostExpressions = 1000;
    private const string Instead = "; list the modules by their names instead";
    private static readonly TimeSpan s_mostTime = TimeSpan.FromSeconds(0.75), s_mostTimeOfOne = TimeSpan.FromSeconds(0.25);
    private readonly Dictionary<(string Before, string Expression, string After), Regex> _made = [];
    private readonly Stopwatch _spent = new();
    private readonly Lock _lock = new();

    /// <param name="field">Where the expression stands, for messages.</param>
    /// <param name="expression">As it stands there.</param>
    /// <param name="before">What precedes it, in .NET's spelling.</param>
    /// <param name="after">What follows it, in .NET's spelling.</param>
    /// <exception cref="CheckpointException">It is none, too long, or takes too long.</exception>
    public Match Match(string module, string field, string expression, string before, string after)
    {
        lock (_lock)
        {
            if (expression.Length > MostLetters) throw Refused($"has {expression.Length} letters; at most {MostLetters} are read");
            if (_spent.Elapsed > s_mostTime) throw TooSlow();
            _spent.Start();
            try
            {
                if (!_made.TryGetValue((before, expression, after), out Regex? regex))
                {
                    if (_made.Count == MostExpressions) throw Refused($"is one of more than {MostExpressions}");
                    regex = new(before + Translated(expression) + after, RegexOptions.CultureInvariant, s_mostTimeOfOne);
                    _made.Add((before, expression, after), regex);
                }
                return regex.Match(module);
            }
            catch (RegexMatchTimeoutException)
            {
                throw TooSlow();
            }
            catch (ArgumentException)
            {
                throw Refused("cannot be matched: it is no regular expression, or one of a kind that is not read (possessive repeats such as a*+)");
            }
            finally
            {
                _spent.Stop();
            }
        }

        CheckpointException TooSlow() => Refused("takes too long to match");

        CheckpointException Refused(string why) => new($"{source}: {field} holds {FileFault.Shown(expression)}, which {why}{Instead}.");
    }

    /// <summary>As .NET spells it.</summary>
    private static string Translated(string python)
    {
        StringBuilder net = new();
        int set = -1; // where the set begins in which it stands
        for (int i = 0; i < python.Length; i++)
        {
            ReadOnlySpan<char> rest = python.AsSpan(i);
            if (rest is ['\\', _, ..])
            {
                net.Append(set < 0 && rest[1] == 'Z' ? @"\z" : rest[..2]);
                i++;
            }
            else if (set >= 0)
            {
                bool isFirst = i == set + 1 || i == set + 2 && python[set + 1] == '^';
                net.Append(rest[0] == '[' ? @"\[" : rest[..1]);
                if (rest[0] == ']' && !isFirst) set = -1;
            }
            else if (rest.StartsWith("(?P<"))
            {
                net.Append("(?<");
                i += "(?P<".Length - 1;
            }
            else if (rest.StartsWith("(?P=") && rest.IndexOf(')') is > 0 and var end)
            {
                net.Append($@"\k<{rest["(?P=".Length..end]}>");
                i += end;
            }
            else if (rest.StartsWith("{,") && rest.IndexOf('}') is > 0 and var close && rest[2..close].IndexOfAnyExceptInRange('0', '9') < 0)
            {
                net.Append("{0");
            }
            else
            {
                if (rest[0] == '[') set = i;
                net.Append(rest[0]);
            }
        }
        return net.ToString();
    }
}
