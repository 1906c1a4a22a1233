using System.CommandLine;
using Cloze.Cli;
using Cloze.Cli.Commands;

RootCommand root = new("Bidirectional encoders from BERT to ModernBERT on a CPU.")
{
    ForwardCommand.Create(),
};
return CommandHost.Run(root, args);
