"""Uses a schema registry through Confluent's Python client. In: one JSON argument {url, schema, value}. Out: {id, hex} of the value as serialized.

Every assertion is about what the client sees, so a failure ends the process with its traceback.
"""

import json
import sys

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext

question = json.loads(sys.argv[1])
subject = "python-value"
client = SchemaRegistryClient({"url": question["url"]})
schema = Schema(question["schema"], "AVRO")
broken = Schema(json.dumps({"type": "record", "name": "OrderEvent", "fields": [{"name": "x", "type": "int"}]}), "AVRO")


def refused(call, status, code):
    try:
        call()
    except SchemaRegistryError as error:
        assert (error.http_status_code, error.error_code) == (status, code), error
    else:
        raise AssertionError(f"{call} was not refused with {code}")


refused(lambda: client.get_latest_version(subject), 404, 40401)
refused(lambda: client.get_config(subject), 404, 40408)
refused(lambda: client.register_schema(subject, Schema('{"type": "nothing"}', "AVRO")), 422, 42201)

schema_id = client.register_schema(subject, schema)
client.set_compatibility(subject, "FULL_TRANSITIVE")
assert client.get_compatibility(subject) == "FULL_TRANSITIVE"
refused(lambda: client.set_compatibility(subject, "SIDEWAYS"), 422, 42203)
refused(lambda: client.register_schema(subject, broken), 409, 409)

assert client.test_compatibility(subject, schema)
assert not client.test_compatibility(subject, broken)
registered = client.lookup_schema(subject, schema)
assert (registered.schema_id, registered.version) == (schema_id, 1)
latest = client.get_latest_version(subject)
assert json.loads(latest.schema.schema_str)["name"] == "OrderEvent"
assert client.get_version(subject, 1).schema_id == schema_id
assert client.get_versions(subject) == [1]
assert subject in client.get_subjects()

context = SerializationContext("python", MessageField.VALUE)
serialize = AvroSerializer(client, schema, conf={"auto.register.schemas": False})
data = serialize(question["value"], context)
other = SchemaRegistryClient({"url": question["url"]})
assert AvroDeserializer(other, schema)(data, context)["orderId"] == question["value"]["orderId"]

scratch = "python-scratch-value"
client.register_schema(scratch, schema)
assert client.delete_version(scratch, 1) == 1
refused(lambda: client.get_version(scratch, 1), 404, 40401)
other.register_schema(scratch, schema)
assert client.delete_subject(scratch, permanent=False) == [2]

print(json.dumps({"id": schema_id, "hex": data.hex()}))
