"""The paper that pictures of nets are drawn on: size, title, and styles for light and dark."""

from __future__ import annotations

from html import escape

from ..formats.svg import style

NETWORK_LIGHT = """
svg.net{color-scheme:light dark;font:11px system-ui,"DejaVu Sans",sans-serif}
.net .paper{fill:#fff}
.net text{fill:#1d2430}
.net .v{text-anchor:middle;font-size:10px}
.net .m{text-anchor:middle;stroke:#fff;stroke-width:3px;paint-order:stroke}
.net .u{font-size:10px;stroke-width:2px}
.net .h{text-anchor:middle;font-weight:700}
.net .s{fill:#55606e;text-anchor:middle}
.net circle,.net image+rect{stroke:#4b5563;stroke-width:1.3}
.net .frame{fill:none;stroke:#4b5563}
.net .w{fill:none;stroke:#0072b2}
.net .w.neg{stroke:#d55e00;stroke-dasharray:5 3}
.net .w.zero{stroke:#9aa5b4;stroke-dasharray:1 4}
.net .q{stroke:#9aa5b4;stroke-width:.8;fill:none}
.net .l text{font-size:9.5px;stroke:#fff;stroke-width:3px;paint-order:stroke;text-anchor:middle}
"""
NETWORK_DARK = """
.net .paper{fill:#14181f}
.net text{fill:#e5e9f0}
.net .s{fill:#a6b1bf}
.net circle{stroke:#c3ccd8}
.net .frame{stroke:#c3ccd8}
.net .w{stroke:#56b4e9}
.net .w.neg{stroke:#f08a3c}
.net .m,.net .l text{stroke:#14181f}
"""


def network_paper(wide: float, high: float, alt: str) -> str:
    """Return the beginning of an SVG element of this size, which `</svg>` has to end. alt: what the picture shows."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="net" width="{wide:.0f}" height="{high:.0f}" '
        f'viewBox="0 0 {wide:.0f} {high:.0f}" role="img"><title>{escape(alt)}</title>'
        f'{style(NETWORK_LIGHT, NETWORK_DARK)}<rect class="paper" width="{wide:.0f}" height="{high:.0f}"/>'
    )
