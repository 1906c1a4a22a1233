using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Reflection;
using System.Runtime.CompilerServices;
namespace Cloze.Cli;

/// <summary>The command <c>cloze</c> with what it was asked for: of the subcommands only the one that is called, where one is.</summary>
internal static class CommandLine
{
    private static readonly ConditionalWeakTable<Command, string[]> s_examples = [];

    public static RootCommand Root(string[] args, CommandEntry[] commands)
    {
        RootCommand root = new("Bidirectional encoders from BERT to ModernBERT on a CPU.") { HelpName = "cloze" };
        root.Directives.Clear();   // a text may begin with a bracket
        root.Options.Clear();
        Option<bool> version = new("--version") { Description = "Show the version." };
        Option<bool> info = new("--info") { Description = "Show the CPU, the instruction sets that it has and that are used, threads and build kind." };
        root.Add(version);
        root.Add(info);
        root.Add(CommandHost.Threads);
        root.Add(CommandHost.Verbose);
        root.Add(CommandHost.Json);
        root.Add(new HelpOption { Action = new HelpWithExamples() });

        CommandEntry? called = args.Select(arg => commands.FirstOrDefault(command => command.Name == arg)).FirstOrDefault(command => command is not null);
        foreach (CommandEntry command in commands) if (called is null || called == command) root.Add(command.Create());
        root.SetAction(parsed => parsed.GetValue(version) ? ShowVersion()
            : parsed.GetValue(info) ? BuildInfo.Show(parsed)
            : throw new UsageException("No command is given."));
        return root.Example("cloze search \"how are tokens packed?\" docs README.md");
    }

    /// <summary>Adds examples to the end of a command's help.</summary>
    public static TCommand Example<TCommand>(this TCommand command, params string[] examples) where TCommand : Command
    {
        s_examples.AddOrUpdate(command, examples);
        return command;
    }

    /// <summary>What looks like an option and would be taken for a text; null: nothing.</summary>
    public static string? UnknownOption(ParseResult parsed, string[] args)
    {
        if (parsed.Action is HelpWithExamples) return null;
        int separator = Array.IndexOf(args, "--");
        ReadOnlySpan<string> before = separator < 0 ? args : args.AsSpan(0, separator);
        foreach (SymbolResult child in parsed.CommandResult.Children)
        {
            if (child is not ArgumentResult argument) continue;
            foreach (Token token in argument.Tokens)
                if (token.Value is ['-', '-', _, ..] && before.Contains(token.Value)) return token.Value;
        }
        return null;
    }

    public static string Version => typeof(CommandLine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    private static int ShowVersion()
    {
        Console.Out.WriteLine(Version);
        return CommandHost.Done;
    }

    private sealed class HelpWithExamples : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            int code = new HelpAction().Invoke(parseResult);
            if (s_examples.TryGetValue(parseResult.CommandResult.Command, out string[]? examples))
            {
                TextWriter output = parseResult.InvocationConfiguration.Output;
                output.WriteLine(examples.Length == 1 ? "Example:" : "Examples:");
                foreach (string example in examples) output.WriteLine($"  {example}");
            }
            return code;
        }
    }
}
