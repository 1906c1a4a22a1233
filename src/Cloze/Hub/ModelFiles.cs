using Cloze.Checkpoints;
namespace Cloze.Hub;

/// <summary>What of a model is wanted.</summary>
public enum HubFiles
{
    /// <summary>Configuration, weights, tokenizer, sentence-transformers modules.</summary>
    All,
    /// <summary>The tokenizer only.</summary>
    Tokenizer,
    /// <summary>A LoRA adapter only.</summary>
    Adapter,
}

/// <summary>Which files the program reads of a model: what is in a snapshot, what is still needed, and what the model does not have.</summary>
/// <remarks>
/// Made again when files have come: modules.json and shard indexes lead to more. Of files that stand for one another the first that is there is read, as the
/// loaders do: safetensors before pickled weights, one file before shards, tokenizer.json before vocabularies.
/// </remarks>
internal sealed class ModelFiles
{
    private static readonly string[] s_adapters = [Adapter.WeightsName, Adapter.TorchWeightsName];
    private static readonly string[] s_vocabularies =
        ["vocab.txt", "vocab.json", "merges.txt", "spm.model", "spiece.model", "sentencepiece.bpe.model", "special_tokens_map.json", "added_tokens.json"];

    private enum State { Present, Absent, Unknown }

    private readonly string _snapshot, _noExist;
    private readonly IReadOnlySet<string>? _listed;

    /// <param name="listed">All files of the commit; null: nobody has asked the hub.</param>
    /// <exception cref="CheckpointException">modules.json or a shard index is broken, or names what lies outside of the folder.</exception>
    public ModelFiles(HubFolder folder, string commit, HubFiles wanted, IReadOnlySet<string>? listed)
    {
        (_snapshot, _noExist, _listed) = (folder.Snapshot(commit), folder.NoExist(commit), listed);
        if (wanted == HubFiles.Tokenizer)
        {
            Tokenizer("");
            return;
        }
        if (wanted == HubFiles.Adapter)
        {
            (HasConfig, HasWeights) = Adapters();
            return;
        }
        string encoder = "";
        if (One(ModuleEntry.FileName) == State.Unknown) return;
        if (StateOf(ModuleEntry.FileName) == State.Present)
        {
            string[] modules = [.. ModuleEntry.ReadAll(_snapshot).Select(module => module.Path.Length == 0 ? "" : $"{module.Path}/")];
            if (modules.Length > 0) encoder = modules[0];
            foreach (string module in modules.Skip(1))
            {
                One(module + "config.json");
                Weights(module);
            }
        }
        if (One(encoder + "config.json") == State.Absent && One(AdapterConfig.FileName) is var adapter and not State.Absent) // whose base model is another one
        {
            if (adapter == State.Present) (HasConfig, HasWeights) = Adapters();
            if (StateOf(ModuleEntry.FileName) != State.Present) return; // else the files beside the adapter are read, and not those of the base model
        }
        else
        {
            HasConfig = StateOf(encoder + "config.json") == State.Present;
            HasWeights = Weights(encoder);
        }
        One("config_sentence_transformers.json");
        First(encoder, LengthFiles.Names);
        Tokenizer(encoder);
    }

    /// <summary>To be fetched, or, without a list, to be asked for.</summary>
    public List<string> Needed { get; } = [];
    /// <summary>Looked for, and not of this commit.</summary>
    public List<string> Absent { get; } = [];
    public bool HasConfig { get; }
    public bool HasWeights { get; }
    public bool HasTokenizer { get; private set; }

    private (bool HasConfig, bool HasWeights) Adapters() => (One(AdapterConfig.FileName) == State.Present, First("", s_adapters) == State.Present);

    private void Tokenizer(string folder)
    {
        One(folder + "tokenizer_config.json");
        HasTokenizer = First(folder, ["tokenizer.json"]) == State.Present;
        if (StateOf(folder + "tokenizer.json") != State.Absent) return;
        One(folder + "config.json"); // it may say whose vocabulary it is
        foreach (string name in s_vocabularies) HasTokenizer |= One(folder + name) == State.Present && !name.EndsWith("s_map.json", StringComparison.Ordinal);
    }

    /// <summary>Weights that are there are not fetched again in a better form.</summary>
    /// <returns>Whether all of a form is there.</returns>
    private bool Weights(string folder)
    {
        foreach (string name in WeightFiles.Names)
            if (StateOf(folder + name) == State.Present) return !WeightFiles.IsIndex(name) || Shards(folder, name);
        First(folder, WeightFiles.Names);
        return false;
    }

    private bool Shards(string folder, string index)
    {
        bool isWhole = true;
        foreach (string shard in ShardIndex.Read(Path.Combine(_snapshot, folder + index)).Values.Distinct()) isWhole &= One(folder + shard) == State.Present;
        return isWhole;
    }

    private State First(string folder, IReadOnlyList<string> names)
    {
        foreach (string name in names)
            if (One(folder + name) is var state and not State.Absent) return state;
        return State.Absent;
    }

    private State One(string name)
    {
        State state = StateOf(name);
        if (state == State.Unknown && !Needed.Contains(name)) Needed.Add(name);
        if (state == State.Absent && !Absent.Contains(name)) Absent.Add(name);
        return state;
    }

    private State StateOf(string name)
    {
        if (HubFolder.IsFile(Path.Combine(_snapshot, name))) return State.Present;
        bool isAbsent = _listed is null ? File.Exists(Path.Combine(_noExist, name)) : !_listed.Contains(name);
        return isAbsent ? State.Absent : State.Unknown;
    }
}
