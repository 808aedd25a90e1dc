"""Accuracy of every subset of the networks: ``python tools/analysis/subsets.py CONFIG CHECKPOINT``."""

from ktg_mm import analysis
from ktg_mm.analysis.runs import run_analysis, runs_parser
from ktg_mm.apis import one_line_errors


@one_line_errors
def main() -> None:
    """Writes the picture and its CSV file."""
    parser = runs_parser('Draws the accuracy of the ensemble of every subset of the networks.')
    run_analysis(parser, lambda predictions: analysis.analyse_subsets(predictions), attention=False)


if __name__ == '__main__':
    main()
