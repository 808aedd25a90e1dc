"""Accuracy of every subset of the networks: ``python tools/analysis/subsets.py CONFIG CHECKPOINT``."""

from ktg_mm.analysis import analyse_subsets
from ktg_mm.analysis.runs import run_analysis, runs_parser
from ktg_mm.apis import one_line_errors


@one_line_errors
def main() -> None:
    """Writes the picture and its CSV file."""
    parser = runs_parser('Draws the accuracy of the ensemble of every subset of the networks.')
    run_analysis(parser, analyse_subsets, attention=False)


if __name__ == '__main__':
    main()
