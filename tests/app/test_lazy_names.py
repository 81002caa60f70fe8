import pytest

import solenoidal as sol


def test_every_public_name_resolves():
    for name in sol.__all__:
        assert getattr(sol, name) is not None
    assert set(sol.__all__) <= set(dir(sol))


def test_functions_are_not_hidden_by_modules():
    from solenoidal import calculation, inspection

    assert sol.compute is calculation.compute
    assert sol.inspect is inspection.inspect


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'colour'"):
        _ = sol.colour
