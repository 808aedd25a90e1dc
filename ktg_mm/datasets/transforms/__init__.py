"""Steps of a data pipeline."""

from .load_image import LoadImage
from .pack_tokens import PackTokens
from .pack_views import PackViews
from .pad_random_crop import PadRandomCrop
from .seed_random import SeedRandom
from .views import Views
