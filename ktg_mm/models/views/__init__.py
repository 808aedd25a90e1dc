"""Views of the images that a graph makes itself during the step."""

from .adversarial_view import AdversarialView
from .base import MadeViews, View, ViewContext
from .mixed_view import MixedView
from .rotated_view import RotatedView
from .still_statistics import still_statistics
