using Cloze.Cli;
using Cloze.Cli.Commands;

StartTimes.Mark("Main");
return CommandHost.Run(args,
[
    new("search", SearchCommand.Create),
    new("embed", EmbedCommand.Create),
    new("similarity", SimilarityCommand.Create),
    new("fill-mask", FillMaskCommand.Create),
    new("forward", ForwardCommand.Create),
    new("convert", ConvertCommand.Create),
    new("inspect", InspectCommand.Create),
    new("tokenize", TokenizeCommand.Create),
    new("download", DownloadCommand.Create),
    new("cache", CacheCommand.Create),
]);
