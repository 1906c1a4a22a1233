using System.CommandLine;
namespace Cloze.Cli.Commands;

/// <summary><c>cloze forward</c>: a model's outputs for recorded inputs.</summary>
internal static class ForwardCommand
{
    public static Command Create()
    {
        Option<string> model = new("--model") { Description = "The checkpoint folder.", Required = true };
        Command command = new("forward", "Run a model on recorded inputs and write its outputs.") { model };
        command.SetAction(parsed => CommandHost.Failed);
        return command;
    }
}
