"""Reliability diagrams and calibration errors: ``python tools/analysis/calibration.py CONFIG CHECKPOINT``."""

from ktg_mm import analysis
from ktg_mm.analysis.runs import run_analysis, runs_parser
from ktg_mm.apis import one_line_errors


@one_line_errors
def main() -> None:
    """Writes the picture and its CSV file."""
    parser = runs_parser('Draws the reliability diagram of each node, with its expected calibration error.')
    run_analysis(parser, lambda predictions: analysis.analyse_calibration(predictions), attention=False)


if __name__ == '__main__':
    main()
