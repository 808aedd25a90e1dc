"""Pictures of a search and the numbers behind them."""

from .draw import draw_plots, plot_search
