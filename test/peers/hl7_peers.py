"""Sends HL7 messages by hands nobody here wrote, and reads our answers with them. Argument: JSON {port, messages: [base64], charset}.

Prints JSON: for each way of sending, the MSA-1 and MSA-2 of each answer as that peer reads them, and what hl7apy says of the answer's structure.
"""
import asyncio
import base64
import json
import subprocess
import sys
import tempfile

import hl7
from hl7.client import MLLPClient
from hl7.mllp import open_hl7_connection
from hl7apy.core import Message
from hl7apy.parser import parse_message
from hl7apy.validation import Validator

asked = json.loads(sys.argv[1])
port, charset = asked["port"], asked["charset"]
messages = [base64.b64decode(one) for one in asked["messages"]]


def read(answer):
    message = hl7.parse(answer)
    msa = message.segment("MSA")
    return [str(message.segment("MSH")[9]), str(msa[1]), str(msa[2])]


def unframed(answer):
    assert answer[:1] == b"\x0b" and answer[-2:] == b"\x1c\r", "an answer must come whole, in one read"
    return answer[1:-2].decode(charset)


def blocking():
    with MLLPClient("127.0.0.1", port) as client:
        return [unframed(client.send_message(message)) for message in messages]


async def streams():
    reader, writer = await open_hl7_connection("127.0.0.1", port, encoding=charset)
    answers = []
    for message in messages:
        writer.writemessage(hl7.parse(message.decode(charset)))
        await writer.drain()
        answers.append(str(await asyncio.wait_for(reader.readmessage(), 10)))
    writer.close()
    return answers


def command_line():
    with tempfile.NamedTemporaryFile() as file:
        file.write(messages[0])
        file.flush()
        run = [sys.executable, "-m", "hl7.client", "--port", str(port), "--loose", "--file", file.name, "127.0.0.1"]
        output = subprocess.run(run, capture_output=True, timeout=20, check=True).stdout
    return [output.strip(b"\x0b\x1c\r\n").decode(charset)]


def structure_of(answer):
    message = parse_message(answer.replace("\n", "\r"), find_groups=True)
    try:
        return str(Validator.validate(message))
    except Exception as error:
        return type(error).__name__ + ": " + str(error)


def built():
    """A message hl7apy itself puts together."""
    message = Message("ADT_A01", version="2.5")
    message.msh.msh_3, message.msh.msh_4 = "OCS", "HOSP"
    message.msh.msh_7, message.msh.msh_9 = "20261122130000", "ADT^A04^ADT_A01"
    message.msh.msh_10, message.msh.msh_11 = "APY1", "P"
    message.evn.evn_2 = "20261122130000"
    message.pid.pid_3, message.pid.pid_5 = "4711^^^HIS^PI", "Kim^Invented"
    message.pv1.pv1_2 = "O"
    with MLLPClient("127.0.0.1", port) as client:
        return unframed(client.send(message.to_mllp().encode()))


answers = blocking()
print(
    json.dumps(
        {
            "blocking": [read(one) for one in answers],
            "streams": [read(one) for one in asyncio.run(streams())],
            "commandLine": [read(one) for one in command_line()],
            "structures": [structure_of(one) for one in answers],
            "built": read(built()),
        }
    )
)
