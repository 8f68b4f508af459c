"""Records by reference in compiled code: a named tuple whose fields can be read and set, on the stack or kept.

A function that takes the address of one record compiles in a fraction of the time that it takes with fifty columns as
arguments, and its callers see what it sets, so that buffers can grow wherever they are written. A kept record outlives
the call; Python holds it as one object, where a tuple would be one for each column.
"""

from __future__ import annotations

from typing import Any

from numba.core import cgutils, imputils
from numba.core import types as kinds
from numba.core.datamodel import models
from numba.core.typing.templates import AttributeTemplate
from numba.experimental import structref
from numba.extending import infer_getattr, intrinsic, lower_getattr_generic, lower_setattr_generic, register_model


class Reference(kinds.Type):
    """The address of a named tuple of one type."""

    def __init__(self, record: Any) -> None:
        self.record = record
        super().__init__(f"Reference({record})")


@register_model(Reference)
class _Model(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Reference) -> None:
        super().__init__(manager, kind, manager.lookup(kind.record).get_value_type().as_pointer())


@infer_getattr
class _Fields(AttributeTemplate):
    key = Reference

    def generic_resolve(self, kind: Any, name: Any) -> Any:  # type: ignore[override]  # numba names the arguments otherwise
        """Return the type of a field, if there is such a field."""
        fields = kind.record.fields
        return kind.record[fields.index(name)] if name in fields else None


def _place(builder: Any, kind: Reference, record: Any, name: str) -> Any:
    return cgutils.gep_inbounds(builder, record, 0, kind.record.fields.index(name))


@lower_getattr_generic(Reference)
def _get(context: Any, builder: Any, kind: Reference, record: Any, name: str) -> Any:
    found = builder.load(_place(builder, kind, record, name))
    return imputils.impl_ret_borrowed(context, builder, kind.record[kind.record.fields.index(name)], found)


@lower_setattr_generic(Reference)
def _set(context: Any, builder: Any, signature: Any, arguments: Any, name: str) -> None:
    record, value = arguments
    place = _place(builder, signature.args[0], record, name)
    if context.enable_nrt:  # else nothing is counted, since such functions neither make nor receive arrays
        context.nrt.incref(builder, signature.args[1], value)
        context.nrt.decref(builder, signature.args[1], builder.load(place))
    builder.store(value, place)


@intrinsic
def by_reference(_: Any, record: Any) -> Any:
    """See hints.by_reference."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        context.nrt.incref(builder, signature.args[0], arguments[0])
        return cgutils.alloca_once_value(builder, arguments[0])

    return Reference(record)(record), generate


@intrinsic
def values_of(_: Any, record: Any) -> Any:
    """See hints.values_of; the record's references pass to the tuple."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load(arguments[0])

    return record.record(record), generate


new: Any = structref.new


@structref.register
class _Kept(kinds.StructRef):
    """A kept named tuple, as the only field of a numba struct."""


class Kept(structref.StructRefProxy):
    """A kept record, as Python sees it."""

    __slots__ = ()


structref.define_boxing(_Kept, Kept)


@intrinsic
def keep(_: Any, record: Any) -> Any:
    """See hints.keep."""
    kind = _Kept([("record", record)])

    def made(record: Any) -> Any:
        kept = new(kind)
        kept.record = record
        return kept

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.compile_internal(builder, made, signature, arguments)

    return kind(record), generate


@intrinsic
def opened(_: Any, kept: Any) -> Any:
    """See hints.opened."""
    record = kept.field_dict["record"]

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        struct = cgutils.create_struct_proxy(kept)(context, builder, value=arguments[0])
        data = context.nrt.meminfo_data(builder, struct.meminfo)
        return builder.bitcast(data, context.get_value_type(record).as_pointer())

    return Reference(record)(kept), generate
