namespace Cloze.Tests;

/// <summary>Tests that others would disturb: they run one after the other, when no other runs.</summary>
[CollectionDefinition(nameof(AloneTests), DisableParallelization = true)]
public sealed class AloneTests;
