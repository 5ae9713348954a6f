"""Charts as SVG that the server writes, each with the table of its numbers.

Every chart is drawn on the spot without script, reads well in black and white, and
names itself to a screen reader. Presentation attributes alone style it, so that it
looks the same in a page, in a file of its own and in a PDF.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, tostring

from django.utils import formats
from django.utils.safestring import SafeString, mark_safe

from coverage.web.palette import OFFICIAL_COLOURS, PATTERNS, STATE_COLOURS

WIDTH, HEIGHT = 400, 190
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 10, 26
INK, SOFT, LINE = "#16262a", "#485a60", "#d3dcdd"
FONT = "Noto Sans, Liberation Sans, Arial, sans-serif"
# Below each other they would run into each other.
MOST_LABELS = 5
# Half of "Nov 2026" at the size of the labels on a phone (coverage.css).
HALF_LABEL = 32
PLAIN = "#14555c"

Rgb = tuple[int, int, int]
Texts = Callable[[float], str]


@dataclass(frozen=True)
class Part:
    """One part of every bar: its key in the palette, and its name."""

    key: str
    name: str


@dataclass(frozen=True)
class Chart:
    """A drawn chart with what stands beside it: title, legend and table.

    ``rows`` hold the first cell of each row and its other cells, as text.
    """

    key: str
    title: str
    svg: SafeString
    parts: list[Part]
    label_name: str
    columns: list[str]
    rows: list[tuple[str, list[str]]]


def number_text(value: float) -> str:
    decimals = 0 if float(value).is_integer() else 1
    return formats.number_format(
        round(value, decimals), decimals, use_l10n=True, force_grouping=True
    )


def stacked_bars(
    *,
    key: str,
    title: str,
    description: str,
    label_name: str,
    labels: Sequence[str],
    parts: Sequence[Part],
    values: Sequence[Sequence[float]],
    text: Texts = number_text,
    top: float | None = None,
) -> Chart:
    """Draw one bar a label, of the parts from the bottom up.

    Parameters
    ----------
    key : names the chart within its page
    values : for each label, the value of each part, none below 0
    top : the axis' end; default: the highest bar's
    """
    sums = [sum(row) for row in values]
    highest = top or _top(sums)
    svg = _frame(key, title, description)
    _patterns(svg, key, parts)
    _axis(svg, _ticks(highest, is_counted=not top and _are_whole(sums)), highest, text)
    step = (WIDTH - LEFT - RIGHT) / max(len(labels), 1)
    width = min(step * 0.8, 46)
    for n, row in enumerate(values):
        y = _y(0, highest)
        x = LEFT + step * (n + 0.5) - width / 2
        for part, value in zip(parts, row, strict=True):
            if value <= 0:
                continue
            up = _y(0, highest) - _y(value, highest)
            y -= up
            place = {
                "x": _n(x),
                "y": _n(y),
                "width": _n(width),
                "height": _n(up),
                # Parts stay apart where their greys are alike.
                "stroke": "#fff",
                "stroke-width": "0.8",
            }
            said = f"{labels[n]}: {part.name}, {text(value)}"
            # The ground is one area: of tiles, a PDF would show the seams.
            bar = SubElement(svg, "rect", {**place, "fill": _ground(part.key)})
            SubElement(bar, "title").text = said
            if _pattern_name(part.key) != "plain":
                lines = {**place, "fill": f"url(#{key}-{part.key})"}
                SubElement(SubElement(svg, "rect", lines), "title").text = said
    _labels(svg, labels, step)
    return Chart(
        key=key,
        title=title,
        svg=_written(svg),
        parts=list(parts),
        label_name=label_name,
        columns=[part.name for part in parts],
        rows=[
            (label, [text(v) for v in row])
            for label, row in zip(labels, values, strict=True)
        ],
    )


def bars(
    *,
    key: str,
    title: str,
    description: str,
    label_name: str,
    value_name: str,
    labels: Sequence[str],
    values: Sequence[float],
    text: Texts = number_text,
) -> Chart:
    """Draw one bar a label, all of one kind."""
    chart = stacked_bars(
        key=key,
        title=title,
        description=description,
        label_name=label_name,
        labels=labels,
        parts=[Part("plain", value_name)],
        values=[[v] for v in values],
        text=text,
    )
    chart.parts.clear()
    return chart


def line_with_band(
    *,
    key: str,
    title: str,
    description: str,
    label_name: str,
    value_name: str,
    band_name: str,
    labels: Sequence[str],
    values: Sequence[float | None],
    lows: Sequence[float | None],
    highs: Sequence[float | None],
    text: Texts = number_text,
    top: float | None = None,
) -> Chart:
    """Draw a line with the band of its doubt; None breaks both."""
    known = [v for v in (*values, *highs) if v is not None]
    highest = top or _top(known)
    svg = _frame(key, title, description)
    _axis(svg, _ticks(highest, is_counted=not top and _are_whole(known)), highest, text)
    step = (WIDTH - LEFT - RIGHT) / max(len(labels), 1)

    def at(n: int, value: float) -> str:
        return f"{_n(LEFT + step * (n + 0.5))},{_n(_y(value, highest))}"

    for piece in _pieces(values, lows, highs):
        up = [at(n, high) for n, _, _, high in piece]
        down = [at(n, low) for n, _, low, _ in reversed(piece)]
        band = {"points": " ".join(up + down), "fill": "#9cc1c0", "opacity": "0.55"}
        SubElement(svg, "polygon", band)
        line = " ".join(at(n, value) for n, value, _, _ in piece)
        drawn = {"fill": "none", "stroke": PLAIN, "stroke-width": "2"}
        SubElement(svg, "polyline", {"points": line, **drawn})
        for n, value, low, high in piece:
            x, y = at(n, value).split(",")
            dot = SubElement(svg, "circle", {"cx": x, "cy": y, "r": "3", "fill": PLAIN})
            said = f"{labels[n]}: {text(value)} ({text(low)} – {text(high)})"
            SubElement(dot, "title").text = said
    _labels(svg, labels, step)
    rows = [
        (
            labels[n],
            ["–", "–"]
            if value is None or low is None or high is None
            else [text(value), f"{text(low)} – {text(high)}"],
        )
        for n, (value, low, high) in enumerate(zip(values, lows, highs, strict=True))
    ]
    return Chart(
        key=key,
        title=title,
        svg=_written(svg),
        parts=[],
        label_name=label_name,
        columns=[value_name, band_name],
        rows=rows,
    )


def _top(values: Sequence[float]) -> float:
    """Return the top of the axis; an even one for counts, whose half is named too."""
    highest = max(values, default=0) or 1
    is_odd = float(highest).is_integer() and highest % 2
    return highest + 1 if is_odd and highest > 1 else highest


def _are_whole(values: Sequence[float]) -> bool:
    return all(float(value).is_integer() for value in values)


def _ticks(highest: float, *, is_counted: bool) -> list[float]:
    """Return what the axis names: of counts never a half one."""
    half = highest / 2
    is_named = not is_counted or half.is_integer()
    return [0, half, highest] if is_named else [0, highest]


def _pieces(
    values: Sequence[float | None],
    lows: Sequence[float | None],
    highs: Sequence[float | None],
) -> list[list[tuple[int, float, float, float]]]:
    pieces: list[list[tuple[int, float, float, float]]] = [[]]
    for n, (value, low, high) in enumerate(zip(values, lows, highs, strict=True)):
        if value is None or low is None or high is None:
            pieces.append([])
        else:
            pieces[-1].append((n, value, low, high))
    return [piece for piece in pieces if piece]


def _frame(key: str, title: str, description: str) -> Element:
    svg = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {WIDTH} {HEIGHT}",
            "role": "img",
            "aria-labelledby": f"{key}-title {key}-desc",
            "font-family": FONT,
            "font-size": "11",
            "class": "chart__svg",
        },
    )
    SubElement(svg, "title", {"id": f"{key}-title"}).text = title
    SubElement(svg, "desc", {"id": f"{key}-desc"}).text = description
    return svg


def _patterns(svg: Element, key: str, parts: Sequence[Part]) -> None:
    definitions = SubElement(svg, "defs")
    for part in parts:
        colour = _colour(part.key)
        name = _pattern_name(part.key)
        if name == "plain":
            continue
        pattern = SubElement(
            definitions,
            "pattern",
            {
                "id": f"{key}-{part.key}",
                "width": "6",
                "height": "6",
                "patternUnits": "userSpaceOnUse",
            },
        )
        if name == "dots":
            dot = {"cx": "3", "cy": "3", "r": "1.1", "fill": "#0b3b40"}
            SubElement(pattern, "circle", dot)
        else:
            drawn = {
                "sparse": ("M-1,4 L4,-1 M2,7 L7,2", "#ffffff", "1.5"),
                "lines": ("M0,3 H6", "#ffffff", "0.9"),
                "upright": ("M3,0 V6", "#ffffff", "0.9"),
                "cross": ("M0,0 L6,6 M6,0 L0,6", "#ffffff", "0.5"),
                "hatch": ("M-1,1 L1,-1 M0,6 L6,0 M5,7 L7,5", colour, "1.1"),
            }[name]
            d, stroke, width = drawn
            line = {"d": d, "stroke": stroke, "stroke-width": width}
            SubElement(pattern, "path", line)


def _pattern_name(key: str) -> str:
    return PATTERNS.get(key, "plain")


def _ground(key: str) -> str:
    """Return the colour under the pattern of a part."""
    return "#ffffff" if _pattern_name(key) == "hatch" else _colour(key)


def _colour(key: str) -> str:
    if key in OFFICIAL_COLOURS:
        rgb: Sequence[int] = OFFICIAL_COLOURS[key]
    elif key in STATE_COLOURS:
        rgb = STATE_COLOURS[key][:3]
    else:
        return PLAIN
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def _axis(svg: Element, ticks: Sequence[float], highest: float, text: Texts) -> None:
    for tick in ticks:
        y = _y(tick, highest)
        line = {"x1": str(LEFT), "x2": str(WIDTH - RIGHT), "y1": _n(y), "y2": _n(y)}
        stroke = SOFT if tick == 0 else LINE
        SubElement(svg, "line", {**line, "stroke": stroke, "stroke-width": "1"})
        name = SubElement(
            svg,
            "text",
            {
                "x": str(LEFT - 5),
                "y": _n(y + 4),
                "text-anchor": "end",
                "fill": SOFT,
                "aria-hidden": "true",
            },
        )
        name.text = text(tick)


def _labels(svg: Element, labels: Sequence[str], step: float) -> None:
    # The newest is always named; earlier ones where there is room.
    every = -(-len(labels) // MOST_LABELS) or 1
    for n, label in enumerate(labels):
        if (len(labels) - 1 - n) % every:
            continue
        SubElement(
            svg,
            "text",
            {
                # Not over the edge of the drawing.
                "x": _n(min(LEFT + step * (n + 0.5), WIDTH - HALF_LABEL)),
                "y": str(HEIGHT - 8),
                "text-anchor": "middle",
                "fill": INK,
                "aria-hidden": "true",
            },
        ).text = label


def _y(value: float, highest: float) -> float:
    return HEIGHT - BOTTOM - value / highest * (HEIGHT - BOTTOM - TOP)


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _written(svg: Element) -> SafeString:
    # ElementTree escapes every text and attribute.
    return mark_safe(tostring(svg, encoding="unicode"))  # noqa: S308 - ElementTree escaped it
