"""The story of Coleman's doctors says what its code finds; where the data are, its numbers are found again."""

import os
import re
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FOLDER = Path(os.environ.get("SHOULDERS_DATA", ROOT.parent / "shared" / "data"))
DATA = FOLDER / "coleman_doctors" / "medInnovations.graphml"
STORY = ROOT / "docs" / "stories" / "coleman.md"


@pytest.mark.skipif(not DATA.is_file(), reason="real data is no part of the project; SHOULDERS_DATA says where it is")
def test_the_story_is_true(tmp_path, monkeypatch):
    shutil.copy(DATA, tmp_path)
    monkeypatch.chdir(tmp_path)
    text = STORY.read_text(encoding="utf-8").replace("predicted=100", "predicted=0").replace("runs=2000", "runs=600")
    space: dict[str, object] = {}
    for block in re.findall(r"```py\n(.*?)```", text, re.DOTALL):
        exec(compile(block.replace("predicted=0)", 'predicted=0, engine="agents")'), str(STORY), "exec"), space)
    assert (len(space["doctors"]), len(space["advice"])) == (109, 243)
    discovery, contagion = "dynamics.discovery_rate", "population.understanding"
    naive, whole = space["naive"], space["whole"]
    assert naive.method == whole.method == "exact likelihood"
    assert naive.best()[discovery] == pytest.approx(0.084, abs=0.003)
    assert [naive.quantile(contagion, p) for p in (0.025, 0.5, 0.975)] == pytest.approx([0.10, 0.18, 0.27], abs=0.02)
    assert whole.best()[discovery] == pytest.approx(0.11, abs=0.005)
    assert whole.best()[contagion] == pytest.approx(0.02, abs=0.008)
    assert 0.04 < space["bound"] < 0.08
    assert space["blind"].method == "sequential ABC"
    assert contagion in space["blind"].says()[0]
