"""Pictures of graphs and of what their networks look at."""

from .graph_picture import draw_graph, save_picture
