"""Small data sets whose images are kept on the device and changed a batch at a time."""

from .batched_pipeline import BatchedPipeline
from .images_in_memory import ImagesInMemory
from .memory_loader import MemoryLoader
