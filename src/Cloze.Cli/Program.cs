using Cloze.Cli;
using Cloze.Cli.Commands;

return CommandHost.Run(args,
[
    new("forward", ForwardCommand.Create),
]);
