"""The pages of the portal, by entrance."""

from .developers import show_design, show_problem_type
from .home import choose_town, show_home, show_my_page, show_town_choice
from .operations import show_operations
from .small import get_manifest, get_robots, show_about, show_help, show_offline, show_sources
from .towns import get_boundaries, get_points, show_list, show_map, show_town

PEOPLE = (
    show_home,
    show_my_page,
    show_town_choice,
    choose_town,
    show_map,
    show_list,
    show_town,
    get_boundaries,
    get_points,
    show_about,
    show_help,
    show_sources,
    show_offline,
    get_manifest,
    get_robots,
)
DESK = (show_operations,)
DEVELOPERS = (show_design, show_problem_type)

__all__ = ["DESK", "DEVELOPERS", "PEOPLE"]
