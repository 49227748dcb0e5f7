"""Example messages: our bytes are protobuf's, and protobuf's bytes are read, packed or not."""

import struct

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from crnn_seq2seq_ocr.data.formats.example import parse_example, serialize_example


def _message(file, name, *fields):
    message = file.message_type.add(name=name)
    for number, (field, kind, type_name, repeated) in enumerate(fields, 1):
        label = message.field.add(name=field, number=number, type=kind, type_name=type_name)
        label.label = label.LABEL_REPEATED if repeated else label.LABEL_OPTIONAL
    return message


@pytest.fixture(scope="module")
def example_class():
    """TensorFlow's message, described to protobuf anew: an opinion independent of our parser."""
    kind = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="example_of_test.proto", package="test", syntax="proto3")
    _message(file, "BytesList", ("value", kind.TYPE_BYTES, None, True))
    _message(file, "FloatList", ("value", kind.TYPE_FLOAT, None, True))
    _message(file, "Int64List", ("value", kind.TYPE_INT64, None, True))
    lists = (("bytes_list", "BytesList"), ("float_list", "FloatList"), ("int64_list", "Int64List"))
    feature = _message(file, "Feature", *((name, kind.TYPE_MESSAGE, f".test.{of}", False) for name, of in lists))
    feature.oneof_decl.add(name="kind")
    for field in feature.field:
        field.oneof_index = 0
    features = _message(file, "Features", ("feature", kind.TYPE_MESSAGE, ".test.Features.FeatureEntry", True))
    entry = features.nested_type.add(name="FeatureEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, type=kind.TYPE_STRING, label=kind.LABEL_OPTIONAL)
    entry.field.add(
        name="value", number=2, type=kind.TYPE_MESSAGE, type_name=".test.Feature", label=kind.LABEL_OPTIONAL
    )
    _message(file, "Example", ("features", kind.TYPE_MESSAGE, ".test.Features", False))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("test.Example"))


FEATURES = {
    "image/encoded": [bytes(range(256)) * 3],
    "image/class": [0, 1, 133, 300, 2**40, -1, -(2**63), 2**63 - 1],
    "weight": [0.0, 1.5, -2.25],
    "image/text": ["Rue de l'Été".encode()],
    "several": [b"", b"a", b"bc"],
}


def test_ours_is_read_by_protobuf(example_class):
    message = example_class.FromString(serialize_example(FEATURES))
    read = message.features.feature
    assert {name: list(getattr(read[name], read[name].WhichOneof("kind")).value) for name in read} == FEATURES


def test_protobufs_is_read_by_us(example_class):
    message = example_class()
    for name, values in FEATURES.items():
        feature = message.features.feature[name]
        lists = {bytes: feature.bytes_list, int: feature.int64_list, float: feature.float_list}
        lists[type(values[0])].value.extend(values)
    message.features.feature["none"].int64_list.SetInParent()
    assert parse_example(message.SerializeToString()) == {**FEATURES, "none": []}


def test_bytes_made_by_hand():
    # Example{1: Features{1: entry{1: "k", 2: Feature{3: Int64List{1: packed [5, 300]}}}}}
    packed = bytes([0x0A, 3, 5, 0xAC, 0x02])
    feature = bytes([0x1A, len(packed)]) + packed
    entry = b"\x0a\x01k\x12" + bytes([len(feature)]) + feature
    features = bytes([0x0A, len(entry)]) + entry
    message = bytes([0x0A, len(features)]) + features
    assert serialize_example({"k": [5, 300]}) == message
    assert parse_example(message) == {"k": [5, 300]}


def _wrap(feature: bytes) -> bytes:
    entry = b"\x0a\x01k\x12" + bytes([len(feature)]) + feature
    return bytes([0x0A, len(entry) + 2, 0x0A, len(entry)]) + entry


def test_lists_that_are_not_packed():
    assert parse_example(_wrap(b"\x1a\x05\x08\x05\x08\xac\x02")) == {"k": [5, 300]}
    floats = b"\x0d" + struct.pack("<f", 1.5) + b"\x0d" + struct.pack("<f", -2)
    assert parse_example(_wrap(b"\x12" + bytes([len(floats)]) + floats)) == {"k": [1.5, -2.0]}


def test_unknown_fields_are_stepped_over():
    unknown = b"\x50\x96\x01" + b"\x59" + bytes(8) + b"\x62\x02hi" + b"\x6d" + bytes(4)  # fields 10 to 13
    assert parse_example(unknown + _wrap(unknown + b"\x1a\x02\x08\x05") + unknown) == {"k": [5]}


def test_only_the_keys_that_are_wanted():
    data = serialize_example(FEATURES)
    assert parse_example(data, ["image/text", "absent"]) == {"image/text": FEATURES["image/text"]}


def test_any_cut_is_noticed_or_harmless():
    data = serialize_example(FEATURES)
    for end in range(1, len(data)):
        with pytest.raises(ValueError, match=r"field of|number without an end"):
            parse_example(data[:end])


@pytest.mark.parametrize("damage", [b"\x0b", b"\x0f\x00", b"\xff" * 12, b"\x0a\xff\xff\xff\xff\x7f"])
def test_malformed_messages_are_value_errors(damage):
    with pytest.raises(ValueError, match=r"wire type|number without an end|field of"):
        parse_example(damage)


def test_values_that_cannot_be_written():
    with pytest.raises(ValueError, match="'k' mixes kinds"):
        serialize_example({"k": [1, b"a"]})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="64 bits"):
        serialize_example({"k": [2**63]})
