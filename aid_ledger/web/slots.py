"""Places on the common pages that rooms downstream fill: menu, banners, home cards, panels of an object.

The base page must show "Batch" in the menu without importing the room that owns batches. So a room
registers what it has, and the page asks here. A plain registry on the application: it decides nothing
about rights (an item shown to a role it does not serve would still meet the guard) and runs no query
(providers are the rooms' own callables).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from flask import Flask, current_app, request, url_for
from markupsafe import Markup

from aid_ledger.core.roles import Role

EXTENSION: Final = "aid_ledger.slots"


@dataclass(frozen=True, slots=True)
class Viewer:
    """The signed-in official as the page header shows them."""

    name: str
    office: str
    roles: frozenset[Role]
    sign_out_url: str
    account_url: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class MenuItem:
    """One line of the menu; ``order`` follows the river, ``icon`` is a name of icons.html."""

    label: str
    endpoint: str
    roles: frozenset[Role]
    order: int
    icon: str = "dot"


@dataclass(frozen=True, slots=True)
class MenuLink:
    """A menu item as the page shows it."""

    label: str
    url: str
    icon: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class HomeCard:
    """Something under "Yang perlu Anda kerjakan".

    ``count`` None means the card is not about a number of things; ``is_urgent`` gives it the amber mark.
    """

    title: str
    sentence: str
    url: str
    verb: str
    count: int | None = None
    is_urgent: bool = False
    order: int = 100


@dataclass(frozen=True, slots=True)
class Panel:
    """A part that one room adds to the page of another room's object."""

    title: str
    body: Markup
    order: int = 100


@dataclass(frozen=True, slots=True)
class Banner:
    """Something out of the ordinary that every officer's page says on top, as long as it lasts."""

    title: str
    words: str
    url: str
    verb: str


HomeCardProvider = Callable[[Viewer], Iterable[HomeCard]]
PanelProvider = Callable[[object], Panel | None]
BannerProvider = Callable[[], Banner | None]


@dataclass(slots=True)
class Slots:
    """Everything registered on one application."""

    menu: list[MenuItem] = field(default_factory=list)
    home: dict[Role, list[HomeCardProvider]] = field(default_factory=dict)
    panels: dict[str, list[PanelProvider]] = field(default_factory=dict)
    banners: list[BannerProvider] = field(default_factory=list)


def slots_of(app: Flask) -> Slots:
    """Return the registry of an application, made at the first call."""
    return cast("Slots", app.extensions.setdefault(EXTENSION, Slots()))


# For rooms: fill


def register_menu(app: Flask, *items: MenuItem) -> None:
    """Add lines to the menu; two items for one endpoint are our mistake."""
    menu = slots_of(app).menu
    for item in items:
        if any(known.endpoint == item.endpoint for known in menu):
            message = f"{item.endpoint} is in the menu already"
            raise RuntimeError(message)
        menu.append(item)
    menu.sort(key=lambda item: (item.order, item.label))


def register_home_cards(app: Flask, role: Role, provider: HomeCardProvider) -> None:
    """Let ``provider`` say what an official of ``role`` has to do; it is called on each home page."""
    slots_of(app).home.setdefault(role, []).append(provider)


def register_panel(app: Flask, kind: str, provider: PanelProvider) -> None:
    """Let ``provider`` add a panel to the page of every object of ``kind``; None adds none."""
    slots_of(app).panels.setdefault(kind, []).append(provider)


def register_banner(app: Flask, provider: BannerProvider) -> None:
    """Let ``provider`` put a line on top of every officer's page; None puts none."""
    slots_of(app).banners.append(provider)


# For pages: show


def menu_for(app: Flask, roles: frozenset[Role]) -> tuple[MenuItem, ...]:
    """Return the menu of somebody with ``roles``, in river order."""
    return tuple(item for item in slots_of(app).menu if item.roles & roles)


def home_cards_for(app: Flask, viewer: Viewer) -> tuple[HomeCard, ...]:
    """Return what waits for ``viewer``: urgent first, then by order; equal cards of two roles once."""
    home: Mapping[Role, list[HomeCardProvider]] = slots_of(app).home
    providers = dict.fromkeys(provider for role in Role if role in viewer.roles for provider in home.get(role, ()))
    cards = dict.fromkeys(card for provider in providers for card in provider(viewer))
    return tuple(sorted(cards, key=lambda card: (not card.is_urgent, card.order, card.title)))


def panels_for(app: Flask, kind: str, subject: object) -> tuple[Panel, ...]:
    """Return the panels other rooms add to the page of ``subject``."""
    made = (provider(subject) for provider in slots_of(app).panels.get(kind, ()))
    return tuple(sorted((panel for panel in made if panel), key=lambda panel: panel.order))


def _banners() -> tuple[Banner, ...]:
    made = (provider() for provider in slots_of(current_app).banners)
    return tuple(banner for banner in made if banner)


def _menu_links(viewer: Viewer | None) -> tuple[MenuLink, ...]:
    if viewer is None:
        return ()
    return tuple(
        MenuLink(
            label=item.label,
            url=url_for(item.endpoint),
            icon=item.icon,
            is_current=_is_current(item.endpoint),
        )
        for item in menu_for(current_app, viewer.roles)
    )


def _is_current(endpoint: str) -> bool:
    """Say whether the page belongs to a menu item: the same endpoint or the same blueprint's page."""
    here = request.endpoint or ""
    return here == endpoint or ("." in here and here.partition(".")[0] == endpoint.partition(".")[0])


def install(app: Flask, *, agency_name: str, viewer: Callable[[], Viewer | None]) -> None:
    """Give base.html its agency name, viewer and menu; ``viewer`` comes from whoever knows sessions."""
    slots_of(app)

    @app.context_processor
    def page_context() -> dict[str, object]:
        signed_in = viewer()
        return {
            "agency_name": agency_name,
            "viewer": signed_in,
            "menu_links": _menu_links(signed_in),
            "banners": _banners,
        }
