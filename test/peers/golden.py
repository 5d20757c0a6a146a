"""Reads every golden sample of schemas/ with fastavro, and writes it again to the same bytes. In: the folder of schemas/. Out: how many."""

import io
import json
import sys
from pathlib import Path

from fastavro import parse_schema, schemaless_reader, schemaless_writer

root = Path(sys.argv[1])
count = 0
for file in sorted((root / "fixtures/golden").glob("*.json")):
    record, version = file.stem.rsplit(".", 1)
    definition = json.loads((root / f"history/{record}/{version}.avsc").read_text())
    # Moments stay the numbers they are on the wire.
    schema = parse_schema(json.loads(json.dumps(definition).replace('"logicalType": "timestamp-millis"', '"unit": "ms"')))
    for sample in json.loads(file.read_text()):
        data = bytes.fromhex(sample["hex"])
        stream = io.BytesIO(data)
        assert schemaless_reader(stream, schema) == sample["value"], (file.name, sample["title"])
        assert stream.read() == b"", (file.name, sample["title"], "bytes are left over")
        again = io.BytesIO()
        schemaless_writer(again, schema, sample["value"])
        assert again.getvalue() == data, (file.name, sample["title"], "written differently")
        count += 1
print(count)
