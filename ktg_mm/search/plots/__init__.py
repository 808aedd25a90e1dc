"""Pictures of a search and the numbers behind them."""

from .draw import draw_plots
from .plot_search import plot_search
