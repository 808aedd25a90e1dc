"""Views of the images that a graph makes itself during the step."""

from .adversarial_view import AdversarialView
from .base import MadeViews, View, ViewContext
from .still_statistics import still_statistics
