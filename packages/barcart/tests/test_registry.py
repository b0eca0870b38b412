"""The register of ids and names along an axis."""

import pickle

import numpy as np
import pytest

from barcart.registry import Registry, normalize_id


@pytest.mark.parametrize(
    ("value", "text"),
    [("12", "12"), (12, "12"), (12.0, "12"), (np.int64(12), "12"), (np.float64(12), "12")],
)
def test_ids_of_any_type_give_one_text(value: object, text: str) -> None:
    assert normalize_id(value) == text


@pytest.mark.parametrize("value", [None, "", 1.5, float("nan"), float("inf"), True, [1]])
def test_what_is_no_id_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="no identifier"):
        normalize_id(value)


def test_ids_positions_and_names_translate_into_each_other() -> None:
    registry = Registry.from_pairs([(7, "Lime Juice"), ("x", "Gin"), (3, "Gin")])
    assert len(registry) == 3
    assert list(registry) == ["7", "x", "3"]
    assert [registry.index_of(key) for key in (7, "x", 3.0)] == [0, 1, 2]
    assert [registry.id_at(position) for position in range(3)] == ["7", "x", "3"]
    assert registry.name_at(0) == "Lime Juice"
    assert registry.name_at(registry.index_of(3)) == "Gin"
    assert 7 in registry
    assert "8" not in registry
    assert None not in registry


def test_many_ids_at_once_mark_the_unknown() -> None:
    registry = Registry(("a", "b"), ("A", "B"))
    found = registry.indices_of(["b", "z", "a"])
    assert found.dtype == np.int64
    assert found.tolist() == [1, -1, 0]


def test_unknown_ids_and_positions_outside_are_errors() -> None:
    registry = Registry(("a",), ("A",))
    with pytest.raises(KeyError):
        registry.index_of("b")
    for position in (-1, 1):
        with pytest.raises(IndexError):
            registry.id_at(position)
        with pytest.raises(IndexError):
            registry.name_at(position)


def test_a_mapping_works_as_pairs() -> None:
    assert Registry.from_pairs({1: "A", 2: "B"}) == Registry(("1", "2"), ("A", "B"))


def test_it_is_a_value() -> None:
    registry = Registry(("a", "b"), ("A", "B"))
    assert registry == Registry(("a", "b"), ("A", "B"))
    assert hash(registry) == hash(Registry(("a", "b"), ("A", "B")))
    assert registry != Registry(("a", "b"), ("A", "C"))
    assert pickle.loads(pickle.dumps(registry)) == registry
    with pytest.raises(AttributeError):
        registry.ids = ()  # type: ignore[misc]


@pytest.mark.parametrize(
    ("ids", "names", "message"),
    [
        (("a",), (), "names has 0"),
        (("a", "b", "a"), ("A", "B", "C"), "entries 0 and 2"),
        ((1,), ("A",), "entry 0"),
    ],
)
def test_faulty_registers_are_refused(ids: tuple[str], names: tuple[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Registry(ids, names)
