"""Building the SDK's protobuf messages so that both ends of the supported versions are served.

A field that the installed `modal` does not have is dropped, and messages that share field names but not field numbers
are copied by name. Knows nothing of what the messages mean.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

M = TypeVar("M", bound=Message)


def make(kind: type[M], **fields: Any) -> M:
    """Return a message with the given fields, less those that this version of the SDK does not know."""
    known: Collection[str] = kind.DESCRIPTOR.fields_by_name
    return kind(**{name: value for name, value in fields.items() if name in known})


def repeated(field: FieldDescriptor) -> bool:
    """Return whether a field is a list or a map."""
    flag: bool | None = getattr(field, "is_repeated", None)  # missing from protobufs that have `label` instead
    return bool(getattr(field, "label", 0) == FieldDescriptor.LABEL_REPEATED) if flag is None else flag


def copy_by_name(source: Message, target: Message, *, leave: Collection[str] = ()) -> None:
    """Merge every field that is set in `source` into the field of the same name of `target`, where there is one."""
    known = target.DESCRIPTOR.fields_by_name
    for field, value in source.ListFields():
        if field.name not in known or field.name in leave:
            continue
        if repeated(field):
            getattr(target, field.name).MergeFrom(value)
        elif field.message_type is not None:
            getattr(target, field.name).CopyFrom(value)
        else:
            setattr(target, field.name, value)
