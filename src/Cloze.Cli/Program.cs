using Cloze.Cli;
using Cloze.Cli.Commands;

return CommandHost.Run(args,
[
    new("forward", ForwardCommand.Create),
    new("convert", ConvertCommand.Create),
    new("inspect", InspectCommand.Create),
    new("tokenize", TokenizeCommand.Create),
]);
