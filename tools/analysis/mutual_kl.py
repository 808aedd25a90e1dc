"""Mutual KL against the ensemble's gain: ``python tools/analysis/mutual_kl.py CONFIG CHECKPOINT``."""

from ktg_mm import analysis
from ktg_mm.analysis.runs import run_analysis, runs_parser
from ktg_mm.apis import one_line_errors


@one_line_errors
def main() -> None:
    """Writes the picture and its CSV file."""
    parser = runs_parser("Draws mutual KL against the ensemble's gain, for all pairs of networks.")
    run_analysis(parser, lambda predictions: analysis.analyse_mutual_kl(predictions), attention=False)


if __name__ == '__main__':
    main()
