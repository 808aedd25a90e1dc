"""What the tools of analysis let one choose from; this is read before any library is there."""

SPLITS = ('val', 'test')
METHODS = {'tsne': 't-SNE', 'umap': 'UMAP'}  # that make points in a plane of attention maps
