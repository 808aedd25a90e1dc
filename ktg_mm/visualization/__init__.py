"""Pictures of graphs and of what their networks look at, and graphs in words."""

from .graph_picture import draw_graph, save_picture
from .graph_summary import graph_summary
from .record_picture_hook import RecordPictureHook
