"""Registries fill themselves and name the nearest entry."""

import pytest

from solenoidal import definitions, quantities
from solenoidal.definitions import Definition, Term
from solenoidal.errors import InputError
from solenoidal.registry import Registry, nearest


def test_every_term_names_a_quantity():
    for name in definitions.names():
        for form in definitions.get(name).forms.values():
            for term in form:
                assert quantities.get(term.quantity).name == term.quantity
                assert term.weight in ("sea", "surface")


def test_the_definitions_and_what_they_are_for():
    four = ("conventional", "eq11", "eq15", "kubo")
    assert definitions.applicable("internal") == four
    assert definitions.applicable("charge") == (*four, "subspace")


def test_unknown_name_gets_the_nearest():
    with pytest.raises(InputError, match="unknown definition 'kubbo': did you mean 'kubo'"):
        definitions.get("kubbo")


def test_a_name_is_taken_once():
    registry: Registry[int] = Registry("thing", "solenoidal.definitions")
    registry.add("a", 1)
    with pytest.raises(ValueError, match="twice"):
        registry.add("a", 2)


def test_form_falls_back_only_where_there_is_one_form():
    assert definitions.terms("conventional", "P") == definitions.terms("conventional", "S")
    assert definitions.terms("eq11", "P") != definitions.terms("eq11", "S")
    assert definitions.terms("kubo", "S", gamma=0.1) != definitions.terms("kubo", "S")


def test_definition_is_data():
    d = Definition("x", "title", "source", {"S": (Term(2.0, "berry_spin", "sea"),)})
    assert d.forms["S"][0] == Term(2.0, "berry_spin", "sea", exchanged=False)


def test_nearest_ignores_case():
    assert "did you mean 'lambda_R'" in nearest("lambda_r", ["lambda_R", "lambda_v", "lambda_so"])
