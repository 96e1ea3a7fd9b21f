"""Pipelines of steps, and recipes that name them."""

from ._pipeline import Pipeline as Pipeline
from ._recipe import list_recipes as list_recipes
from ._recipe import read_recipe as read_recipe
from ._recipe import recipe_text as recipe_text
from ._recipe import write_recipe as write_recipe
