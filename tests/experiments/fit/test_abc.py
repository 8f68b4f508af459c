"""Sequential ABC against closed forms, a peer, and itself with other workers and after a kill."""

import numpy as np
import pytest
from scipy import stats

from sim import StudyError
from sim.experiments.fit import store
from sim.experiments.fit.abc import KEPT, adjusted, mixture, move, prior_draws, projected, scaled, sequential
from sim.experiments.fit.importance import Population
from sim.experiments.fit.priors import Prior

NOISE = np.array([0.5, 0.8])
SEEN = np.array([0.9, -0.4])


def simulate(z, seeds):
    """Two keys seen with noise: the posterior is normal, of mean y / (1 + noise²), and so known."""
    noise = [NOISE * np.random.default_rng(seed).standard_normal(2) for _, seed in zip(z, seeds, strict=True)]
    return np.array(z) + noise


def run(**more):
    return list(sequential(simulate, SEEN, 2, **{"particles": 1200, "budget": 7000, "seed": 1} | more))


@pytest.mark.parametrize("measure", [projected, lambda summaries, _: scaled(summaries)])
def test_the_posterior_of_a_normal_is_found(measure):
    found = run(measure=measure)
    for population, wide in ((found[-1].population, 1.25), (adjusted(found[-1], SEEN), 1.12)):
        sd = NOISE / np.sqrt(1 + NOISE**2)
        off = 4 * wide * sd.max() / np.sqrt(population.ess)
        assert population.mean == pytest.approx(SEEN / (1 + NOISE**2), abs=off)
        assert np.sqrt(np.diag(population.covariance)) == pytest.approx(sd, rel=wide - 1)
    assert [one.tolerance for one in found] == sorted((one.tolerance for one in found), reverse=True)
    assert found[-1].stopped
    assert found[-1].runs <= 7000


def test_weights_are_those_of_the_kernel_mixture_and_the_first_do_not_hang_on_how_many_there_are():
    kept = Population(prior_draws(2, 40, 3)[0], np.full(40, 1 / 40))
    z, weight, seeds = found = move(kept, 30, 3, 1)
    kernel = [stats.multivariate_normal(centre, 2 * kept.covariance).pdf(z) for centre in kept.z]
    prior = stats.multivariate_normal(np.zeros(2)).pdf(z)
    assert weight == pytest.approx(prior / np.mean(kernel, axis=0), rel=1e-9)
    assert len(np.unique(seeds)) == 30
    assert mixture(z, kept, np.linalg.cholesky(2 * kept.covariance)).shape == (30,)
    assert all((few == many[:5]).all() for few, many in zip(move(kept, 5, 3, 1), found, strict=True))


def test_killed_and_resumed_it_is_the_same_to_the_bit(tmp_path):
    priors, labels = {"a": Prior("normal(0, 1)"), "b": Prior("normal(0, 1)")}, ("x", "y")
    made = []

    def kept(number, make):
        def counted():
            made.append(number)
            return make()

        return store.generation(tmp_path, priors, labels, number, counted)

    whole = run(particles=100, budget=600, store=kept)
    files = sorted(tmp_path.glob("*.parquet"))
    assert len(files) == len(whole) == len(made)
    for file in files[2:]:
        file.unlink()
    again = run(particles=100, budget=600, store=kept)
    assert made[len(whole) :] == list(range(2, len(whole)))
    assert again[-1].kept.z.tobytes() == whole[-1].kept.z.tobytes()
    assert again[-1].kept.weight.tobytes() == whole[-1].kept.weight.tobytes()
    bare = run(particles=100, budget=600)
    assert bare[-1].distance.tobytes() == whole[-1].distance.tobytes()
    content = files[0].read_bytes()
    files[0].write_bytes(content[: len(content) // 2])
    with pytest.raises(StudyError, match=r"generation-000.parquet: corrupt"):
        run(particles=100, budget=600, store=kept)


def test_it_ends_where_nothing_new_is_near():
    found = list(sequential(lambda z, _: np.zeros((len(z), 1)), np.zeros(1), 1, particles=20, budget=1000, seed=0))
    assert (len(found), found[0].stopped) == (1, "the tolerance is 0")
    assert "5% or fewer" in run(particles=60, budget=10**6)[-1].stopped
    assert len(run()[-1].distance) == KEPT * 1200


def test_pyabc_finds_the_same(tmp_path):
    pyabc = pytest.importorskip("pyabc", reason="pyabc is not installed: the oracle of sequential ABC")
    pyabc.settings.set_figure_params("pyabc")
    rng = np.random.default_rng(0)
    prior = pyabc.Distribution(a=pyabc.RV("norm", 0, 1), b=pyabc.RV("norm", 0, 1))
    abc = pyabc.ABCSMC(
        lambda p: {"x": p["a"] + NOISE[0] * rng.standard_normal(), "y": p["b"] + NOISE[1] * rng.standard_normal()},
        prior, pyabc.PNormDistance(2), population_size=300, sampler=pyabc.sampler.SingleCoreSampler(),
    )  # fmt: skip
    abc.new(f"sqlite:///{tmp_path / 'peer.db'}", {"x": SEEN[0], "y": SEEN[1]})
    frame, weight = abc.run(max_nr_populations=6).get_distribution()
    peer = Population(frame[["a", "b"]].to_numpy(), weight)
    ours = run()[-1].population
    assert peer.mean == pytest.approx(ours.mean, abs=0.15)
    assert np.sqrt(np.diag(peer.covariance)) == pytest.approx(np.sqrt(np.diag(ours.covariance)), rel=0.25)
