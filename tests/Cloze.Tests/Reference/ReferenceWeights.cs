using Cloze.Ops;
namespace Cloze.Tests.Reference;

/// <summary>Makes weights of floats, copied from what is stored; parts of them are views.</summary>
public sealed class ReferenceWeights : IWeightFactory<ReferenceTensor>
{
    public ReferenceTensor Make(Weight weight) => ReferenceTensor.Lasting(weight.Size.Rows, weight.Size.Columns, weight.Read(), weight.ToString());

    public ReferenceTensor Rows(ReferenceTensor matrix, int start, int count)
    {
        Shapes.Outputs(matrix.Size, start, count);
        return matrix.ViewOfRows(start, count);
    }

    public ReferenceTensor Columns(ReferenceTensor bias, int start, int count)
    {
        Shapes.Columns(bias.Size, start, count);
        return bias.ViewOfColumns(start, count);
    }
}
