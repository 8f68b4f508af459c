"""Records of all kinds, put into steps."""

import gzip
import io

import numpy as np
import pandas as pd
import pytest

from sim import Study, read_log, simulate
from sim.errors import InputError
from sim.experiments.fit.record import curve_of, record_of
from tests.experiments.fit import scenario_of


@pytest.mark.parametrize(("text", "kind", "curve"), [
    ("time,count\n1,2\n2,5\n4,6\n", "curve", [np.nan, 2, 5, np.nan, 6]),
    ("time,new\n2,3\n1,2\n4,1\n", "curve", [np.nan, 2, 5, np.nan, 6]),
    ("person,time\na,1\nb,1\nc,3\n", "adoptions", [0, 2, 2, 3, 3]),
    ("time,source,target\n2,a,b\n3,b,c\n", "log", [0, 1, 2, 3, 3]),
])  # fmt: skip
def test_files_are_read_as_what_they_are(tmp_path, text, kind, curve):
    file = tmp_path / "record.csv"
    file.write_text(text)
    frame = pd.read_csv(file)
    for given in (file, frame, {name: column.to_numpy() for name, column in frame.items()}):
        record = record_of(given, scenario_of(steps=4))
        assert record.kind == kind
        np.testing.assert_array_equal(record.curve, np.array(curve, float))
        assert record.read_as


@pytest.mark.parametrize("write", [
    lambda text, path: path.write_text(text.replace(",", ";"), "utf-8-sig"),
    lambda text, path: path.write_bytes(gzip.compress(text.replace(",", "\t").encode("utf-16"))),
    lambda text, path: path.write_text(text.replace("\n", "\r").replace("time", " Time ")),
    lambda text, path: pd.read_csv(io.StringIO(text)).to_parquet(path),
    lambda text, path: pd.read_csv(io.StringIO(text)).to_json(path, orient="records"),
])  # fmt: skip
@pytest.mark.parametrize("text", ["time,count\n1,2\n2,5\n4,6\n", "person,time\na,1\nb,1\nc,3\n"])
def test_a_curve_and_adoptions_are_read_as_logs_are(tmp_path, write, text):
    (tmp_path / "plain.csv").write_text(text)
    write(text, tmp_path / "other")
    plain, other = (record_of(tmp_path / name, scenario_of(steps=4)) for name in ("plain.csv", "other"))
    np.testing.assert_array_equal(plain.curve, other.curve)
    assert (plain.kind, plain.read_as) == (other.kind, other.read_as)


def test_times_are_put_into_steps_by_their_length_and_origin():
    frame = pd.DataFrame({"time": [1950, 1955, 1960], "count": [1, 2, 3]})
    record = record_of(frame, scenario_of(steps=4), step=5, start=1945)
    np.testing.assert_array_equal(record.curve, [np.nan, 1, 2, 3, np.nan])
    log = read_log(pd.DataFrame({"time": [-9, -7], "source": ["a", "b"], "target": ["b", "c"]}))
    np.testing.assert_array_equal(record_of(log, scenario_of(steps=4), start=-10).curve, [1, 2, 2, 3, 3])


@pytest.mark.parametrize(("text", "said"), [
    ("time,count\n1,2\n2,1\n", "falls after step 1"),
    ("time,count\n1,x\n", ":2: count: 'x'; allowed: a number of 0 or more"),
    ("time,count\n1,-1\n", "allowed: a number of 0 or more"),
    ("time,count\n1\n", ":2: 1 fields; allowed: 2, as in the header"),
    ("time,count\n", "no rows"),
    ("# a poll\n\ntime,count\n1,2\n# later\n2,\n", ":6: count: ''; allowed: a number of 0 or more"),
    ("time,count\n1,2\n900,3\n", "--step 224.75 --start 1"),
    ("person,time\na,1\na,2\n", "'a' adopts twice"),
    (None, "record.csv"),  # which is not there
])  # fmt: skip
def test_what_cannot_be_read_is_refused_in_one_line(tmp_path, text, said):
    file = tmp_path / "record.csv"
    if text is not None:
        file.write_text(text)
    with pytest.raises(InputError) as error:
        record_of(file, scenario_of(steps=4))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_run_is_a_log_and_a_study_is_its_means(tmp_path):
    scenario = scenario_of(steps=4)
    tape = simulate(scenario, 1)
    tape.save(tmp_path / "run")
    record = record_of(tmp_path / "run", scenario)
    assert (record.full, record.tape) == (True, record_of(tape, scenario).tape)
    assert record.curve.tolist() == curve_of(tape, 4).tolist()
    study = Study(scenario, {"dynamics.discovery_rate": [0.1, 0.2]}, replicates=2, measures=["reached"])
    table = study.run(tmp_path / "study")
    assert record_of(tmp_path / "study", scenario).values == {"reached": table.reached.mean()}
