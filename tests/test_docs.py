"""Every code block of the pages and every cell of the notebooks runs; what is made from the code is complete."""

import ast
import base64
import json
import re
import shlex
import shutil
import sys
import tomllib
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

import sim
from sim.scenario.scenario import Scenario
from tests.cli import Done

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
BLOCK = re.compile(r"^```(python|sh|toml|text)\n(.*?)^```", re.MULTILINE | re.DOTALL)
NOT_HERE = ("make", "pip")  # what these do, .ci/run does
STANDS_FOR = {"RUN": "runs/e2", "SCENARIO": "e2_implementer"}  # what the README writes in place of a name
SMALLER = {"thought-experiments": "--quick"}  # what takes minutes is run with fewer people
GIVEN = {  # files that pages speak of
    "tweets.csv": "created_at,user,rt_of,text\n2020-01-01,Ada,,hi\n2020-01-02,Ben,Ada,hi\n",
    "triples.txt": "Ada Ben 1\nBen Cem 2\n",
    "german.csv": "zeit;time;source;target\n;31/12/2020;Ada;Ben\n;01/01/2021;Ben;Cem\n",
    "influences.csv": "time,source,target\n1,,Ada\n2,Ada,Ben\n3,Ben,Dora\n",
    "retweets.txt": "1\t7\t0\t2\t7:0 7/8:5 7/8/9:9\n",
}


@pytest.fixture(scope="module", autouse=True)
def importable():
    """The modules of docs/, which are no package."""
    sys.path.insert(0, str(DOCS))
    yield
    sys.path.remove(str(DOCS))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder as a reader has it: the scenarios in it."""
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def blocks(page: Path) -> list[tuple[str, str]]:
    return [(found[1], found[2]) for found in BLOCK.finditer(page.read_text(encoding="utf-8"))]


def lines(block: str) -> list[str]:
    """The commands of a shell block, one a line, without comments."""
    joined = block.replace("\\\n", " ").splitlines()
    return [line for line in (line.partition(" #")[0].strip() for line in joined) if line and not line.startswith("#")]


def called(line: str, shell: Callable[..., Done]) -> None:
    """Run a command in this process; a shell would read the line as the same words."""
    _, *words = [STANDS_FOR.get(word, word) for word in shlex.split(line)]
    assert not re.search(r"[|<>&;$`*]", line), f"{line}: takes a shell"
    done = shell(*words, *SMALLER.get(words[0], "").split())
    assert done.code == 0, f"{line}\n{done.err}"


def write_named(text: str, folder: Path) -> Path | None:
    """Write a block that begins with its file's name, as in '# mine.toml', as that file."""
    name = re.match(r"# ([\w-]+\.(?:toml|csv))\n", text)
    if name is None:
        return None
    (folder / name[1]).write_text(text, encoding="utf-8")
    return folder / name[1]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_blocks_of_a_page_run_one_after_the_other(page, folder, shell):
    space: dict[str, object] = {}
    if page.parent.name == "stories":
        pytest.skip("the data are not in the repository; tests/logs/test_stories.py runs the stories where they are")
    for name, text in GIVEN.items():
        (folder / name).write_text(text, encoding="utf-8")
    if page.name == "README.md":
        called("shoulders run SCENARIO --out RUN", shell)
    for language, text in blocks(page):
        if language in ("toml", "text"):
            written = write_named(text, folder)
            if language == "toml" and "hypotheses" not in tomllib.loads(text):
                assert Scenario.load(written) if written else Scenario.from_toml(text)
        elif language == "python":
            exec(compile(text, str(page), "exec"), space)
        elif language == "sh":
            for line in lines(text):
                if line.split()[0] in NOT_HERE:
                    continue
                assert line.split()[0] == "shoulders", line
                called(line, shell)


def test_the_blocks_and_notebooks_are_found():
    found = {page.name: [language for language, _ in blocks(page)] for page in PAGES}
    assert found["tutorial.md"].count("sh") >= 4
    assert {"python", "toml"} <= set(found["tutorial.md"])
    commands = [line for page in PAGES for language, text in blocks(page) if language == "sh" for line in lines(text)]
    assert {line.split()[1] for line in commands if line.startswith("shoulders")} >= {"run", "credit", "check", "new"}
    assert len(NOTEBOOKS) == 2


def test_the_readme_is_short_and_says_what_happens():
    text = PAGES[0].read_text(encoding="utf-8")
    prose = re.sub(r"^```.*?^```|^\|.*?$", "", text, flags=re.MULTILINE | re.DOTALL)
    assert 400 < len(prose.split()) < 800, "to be read in a few minutes"
    (scenario,) = [block for language, block in blocks(PAGES[0]) if language == "toml"]
    assert sim.credit(sim.simulate(Scenario.from_toml(scenario))).persons.share.tolist() == [0.5, 0.5]
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(re.findall(r"^make (\S+)", text, re.MULTILINE)) <= set(targets)


def result_of(cell: str, space: dict[str, object]) -> object:
    """Run a cell, and return what its last line is worth, as a notebook does."""
    tree = ast.parse(cell)
    last = tree.body.pop().value if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "a cell", "exec"), space)
    return None if last is None else eval(compile(ast.Expression(last), "a cell", "eval"), space)


def cells_of(page: str) -> list[str]:
    """The words of a page of HTML, without its style."""
    return re.sub(r"(?s)<style.*?</style>|<[^>]*>", " ", page).split()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_shows_what_its_cells_give(path, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.chdir(path.parent)
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert notebook["nbformat"] == 4
    assert path.stat().st_size < 300_000
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    space: dict[str, object] = {}
    for cell in cells:
        given = result_of("".join(cell["source"]), space)
        [output] = cell["outputs"]  # and no progress bar, warning or error
        shown = {kind: "".join(text) for kind, text in output["data"].items()}
        if "image/png" in shown:
            assert base64.b64decode(shown["image/png"])[:4] == b"\x89PNG"
            assert given is None or given._repr_png_()[:4] == b"\x89PNG"
        elif "text/html" in shown:
            assert cells_of(shown["text/html"]) == cells_of(given._repr_html_())
        else:
            assert "".join(shown["text/plain"].split()) == "".join(repr(given).split())


def test_every_generated_part_key_and_public_name_is_there():
    from_code = import_module("from_code")
    used = set()
    for page in PAGES:
        for found in from_code.PLACE.finditer(page.read_text(encoding="utf-8")):
            used.add(found[1])
            assert found[1] in from_code.PARTS
            if found[1] == "python":
                assert from_code.described(*found[2].split()).startswith(f"### `{found[2].split()[0]}`\n\n```")
    assert used == set(from_code.PARTS)
    table = import_module("from_code").scenario()

    def keys(schema):
        for model in schema["$defs"].values():
            yield from (key for key in model["properties"] if key != "kind")

    for key in keys(Scenario.model_json_schema(by_alias=True)):
        assert f"| `{key}` |" in table, key
    for section in Scenario.model_fields:
        assert f"`[{section}]`" in table or f"`[[{section}]]`" in table, section
    page = (DOCS / "reference" / "python.md").read_text(encoding="utf-8")
    text = page + import_module("from_code").others()
    for name in sim.__all__:
        assert re.search(rf"\b{name}\b", text), name


def test_the_reference_in_the_repository_is_current():
    from_code = import_module("from_code")
    for page in from_code.REFERENCE:
        text = page.read_text(encoding="utf-8")
        assert from_code.filled(text) == text, f"{page.name}: python docs/from_code.py writes it anew"
    keys = [line for line in text_of("scenario.md") if line.startswith("| `")]
    assert len(keys) > 80
    assert all(cells[1] and cells[2] for cells in ([c.strip() for c in line.strip("|").split(" | ")] for line in keys))


def text_of(name: str) -> list[str]:
    return (DOCS / "reference" / name).read_text(encoding="utf-8").splitlines()


def test_the_matrix_is_what_the_accounts_say():
    rows = import_module("from_code").matrix("E2", "E4", "E5").splitlines()
    head = [cell.strip() for cell in rows[0].strip("|").split("|")]
    by_who = {tuple(cells[:2]): dict(zip(head, cells, strict=True))
              for cells in ([cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:])}  # fmt: skip
    assert [by_who["E4", who]["role-flow"] for who in ("P1", "P2", "P3")] == ["50.0%", "25.0%", "25.0%"]
    assert [by_who["E4", who]["person-pagerank"] for who in ("P1", "P2", "P3")] == ["33.8%", "43.2%", "23.1%"]
    assert [by_who["E2", who]["person-pagerank"] for who in ("P1", "P2", "P3")] == ["38.0%", "41.8%", "20.2%"]
    assert by_who["E5", "genius"]["priority"] == "100%"


def test_a_docstring_becomes_markdown():
    markdown = import_module("docstrings").markdown
    text = markdown("""Do it, in [0, 1].

        Args:
            one: a number,
                above 0.
            *others: more.

        Returns:
            The sum: of all.

        >>> 1 + 1
        2
        """)
    assert text == (
        "Do it, in \\[0, 1\\].\n\n**Args**\n\n- `one`: a number,\n  above 0.\n- `*others`: more.\n\n**Returns**\n\n"
        "  The sum: of all.\n\n```pycon\n>>> 1 + 1\n2\n```"
    )


def test_pictures_and_links_lead_somewhere():
    gallery = import_module("gallery")
    shown = set()
    for page in [page for page in PAGES if page.parent.name != "stories"]:  # whose pictures their commands draw
        for target in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
            shown.add((page.parent / target).resolve().relative_to(DOCS).as_posix())
    assert shown == set(gallery.PICTURES)
    assert all((DOCS / name).is_file() for name in gallery.PICTURES)
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {sim.__version__}\n" in citation
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.search(rf"^## {sim.__version__} \(?(.*?)\)?$", changes, re.MULTILINE)
    assert released
    dated = re.search(r"^date-released: (.*)$", citation, re.MULTILINE)
    assert dated[1] == released[1] if dated else released[1] == "not yet released"
    assert f"Version {sim.__version__}" in (DOCS / "cite.md").read_text(encoding="utf-8")


def test_the_gallery_draws_what_is_asked(monkeypatch, tmp_path, capsys):
    gallery = import_module("gallery")
    monkeypatch.setattr(gallery, "HERE", tmp_path)
    with pytest.raises(SystemExit, match=r"gallery: no 'x.png'; allowed: notebook.png"):
        gallery.main(["x.png"])
    gallery.main(["pictures/accounts.png"])
    assert capsys.readouterr().out == "docs/pictures/accounts.png\n"
    assert (tmp_path / "pictures" / "accounts.png").read_bytes()[1:4] == b"PNG"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_that_a_page_names_are_there(page: Path) -> None:
    named = re.findall(r"`((?:tests|sim|docs|benchmarks)/[\w./]+)`", page.read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name.rstrip("/")).exists()] == []
