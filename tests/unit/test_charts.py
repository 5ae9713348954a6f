"""Charts: what they draw is what their table says, and nothing in them is markup."""

from xml.etree import ElementTree

import pytest
from django.utils import translation

from coverage.web.charts import Part, bars, line_with_band, stacked_bars

SVG = "{http://www.w3.org/2000/svg}"
PARTS = [Part("four_g", "4G"), Part("no_signal", "tanpa sinyal")]


@pytest.fixture(autouse=True)
def indonesian():
    with translation.override("id"):
        yield


def stacked(values, labels=None, **more):
    return stacked_bars(
        key="history",
        title="Riwayat",
        description="Dua bulan",
        label_name="Bulan",
        labels=labels or [f"B{n}" for n in range(len(values))],
        parts=PARTS,
        values=values,
        **more,
    )


def rects(chart):
    root = ElementTree.fromstring(chart.svg)
    return root.findall(f"{SVG}rect")


def grounds(chart):
    """Return the areas of the bars, without the patterns that lie over them."""
    return [r for r in rects(chart) if not r.get("fill").startswith("url")]


def test_heights_are_in_proportion_to_the_values():
    one, other, second = grounds(stacked([[3, 1], [0, 2]]))
    heights = [float(r.get("height")) for r in (one, other, second)]
    assert heights[0] == pytest.approx(3 * heights[1], abs=0.05)
    assert heights[2] == pytest.approx(2 * heights[1], abs=0.05)
    # On top of each other, from the axis up.
    assert float(other.get("y")) + heights[1] == pytest.approx(float(one.get("y")))


def test_the_table_has_every_number_in_the_readers_format():
    chart = stacked([[1234.5, 1], [0, 2]])
    assert chart.columns == ["4G", "tanpa sinyal"]
    assert chart.rows == [("B0", ["1.234,5", "1"]), ("B1", ["0", "2"])]


def test_it_names_itself_to_a_screen_reader():
    root = ElementTree.fromstring(stacked([[1, 1]]).svg)
    assert root.get("role") == "img"
    names = {e.get("id"): e.text for e in root.iter() if e.get("id")}
    said = [names[name] for name in root.get("aria-labelledby").split()]
    assert said == ["Riwayat", "Dua bulan"]


def test_every_fill_is_defined_under_the_charts_own_name():
    chart = stacked([[1, 1]])
    root = ElementTree.fromstring(chart.svg)
    defined = {p.get("id") for p in root.iter(f"{SVG}pattern")}
    fills = {r.get("fill") for r in rects(chart)}
    # A plain part is one area, a pattern lies over another.
    assert fills == {"#1e7a73", "#a02410"} | {f"url(#{i})" for i in defined}
    assert defined
    assert all(i.startswith("history-") for i in defined)


def test_texts_are_never_markup_and_nothing_needs_a_style():
    svg = stacked([[1, 1]], labels=["<script>&"]).svg
    assert "<script>" not in svg
    assert "style=" not in svg


def test_of_many_labels_some_are_named_and_always_the_newest():
    root = ElementTree.fromstring(stacked([[1, 1]] * 30).svg)
    named = [t.text for t in root.findall(f"{SVG}text") if t.text.startswith("B")]
    assert named[-1] == "B29"
    assert len(named) <= 6


def test_nothing_to_draw_is_an_empty_frame():
    assert rects(stacked([])) == []
    assert rects(stacked([[0, 0]])) == []


def ticks(chart):
    """Return what the axis names, from below to above."""
    root = ElementTree.fromstring(chart.svg)
    return [t.text for t in root.findall(f"{SVG}text") if t.get("text-anchor") == "end"]


def test_counts_have_whole_ticks_only_and_shares_their_half():
    assert ticks(stacked([[1, 0], [0, 1]])) == ["0", "1"]
    assert ticks(stacked([[0, 0]])) == ["0", "1"]
    assert ticks(stacked([[2, 1]])) == ["0", "2", "4"]
    assert ticks(stacked([[2, 0]])) == ["0", "1", "2"]
    assert ticks(stacked([[0.5, 0.3]])) == ["0", "0,4", "0,8"]
    shares = stacked([[0, 1]], top=1.0, text=lambda v: f"{v:.0%}")
    assert ticks(shares) == ["0%", "50%", "100%"]


def test_bars_of_one_kind_have_no_legend():
    chart = bars(
        key="r",
        title="Laporan",
        description="per bulan",
        label_name="Bulan",
        value_name="Laporan",
        labels=["Jan", "Feb"],
        values=[2, 4],
    )
    assert chart.parts == []
    assert chart.columns == ["Laporan"]
    first, second = (float(r.get("height")) for r in rects(chart))
    assert second == pytest.approx(2 * first, abs=0.05)


def test_a_line_breaks_where_nothing_is_known():
    chart = line_with_band(
        key="l",
        title="Bagian",
        description="dengan keraguan",
        label_name="Bulan",
        value_name="nilai",
        band_name="antara",
        labels=["a", "b", "c"],
        values=[1, None, 3],
        lows=[0.5, None, 2],
        highs=[2, None, 4],
    )
    root = ElementTree.fromstring(chart.svg)
    assert len(root.findall(f"{SVG}polyline")) == 2
    assert chart.rows[0] == ("a", ["1", "0,5 – 2"])
    assert chart.rows[1] == ("b", ["–", "–"])
