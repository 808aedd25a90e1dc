"""How different the networks are: ``python tools/analysis/diversity.py CONFIG CHECKPOINT``."""

from ktg_mm import analysis
from ktg_mm.analysis.runs import run_analysis, runs_parser
from ktg_mm.apis import one_line_errors


@one_line_errors
def main() -> None:
    """Writes the picture and its CSV file."""
    parser = runs_parser(
        'Draws how different the networks are: disagreement, mutual KL, attention maps.', attention=True
    )
    run_analysis(parser, lambda predictions: analysis.analyse_diversity(predictions), attention=True)


if __name__ == '__main__':
    main()
