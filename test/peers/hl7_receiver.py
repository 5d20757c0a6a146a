"""Two receivers of HL7 v2 over MLLP by hands nobody here wrote, on loopback. Arguments: `hl7` or `hl7apy`, then the port.

Prints one JSON object per line and ends when its standard input does. `hl7` (python-hl7, asyncio) keeps its connections and answers a plain ACK;
`hl7apy` validates, answers an ORL^O22 it builds, and, as its server does, closes the connection after each message: a second one sent on it is lost.
"""
import asyncio
import json
import sys
import threading

import hl7
from hl7.mllp import start_hl7_server
from hl7apy.core import Message
from hl7apy.mllp import AbstractErrorHandler, AbstractHandler, MLLPServer
from hl7apy.parser import parse_message
from hl7apy.validation import Validator

REPLIES = {"NW": "OK", "XO": "XR", "CA": "CR", "DC": "DR"}


def say(kind, **fields):
    sys.stdout.write(json.dumps({"kind": kind, **fields}, ensure_ascii=False) + "\n")
    sys.stdout.flush()


async def by_hl7(port):
    async def serve(reader, writer):
        try:
            while True:
                message = await reader.readmessage()
                answer = message.create_ack("AA")
                control_id = str(message.segment("MSH")[10])
                say("received", type=str(message.segment("MSH")[9]), controlId=control_id, text=str(message), answer=str(answer))
                writer.writemessage(answer)
                await writer.drain()
        except asyncio.IncompleteReadError:
            writer.close()

    server = await start_hl7_server(serve, host="127.0.0.1", port=port, encoding="utf-8")
    say("listening")
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


def answer_to(message, ack):
    answer = Message("ORL_O22", version="2.5.1")
    msh = message.msh
    answer.msh.msh_3, answer.msh.msh_4 = msh.msh_5.to_er7(), msh.msh_6.to_er7()
    answer.msh.msh_5, answer.msh.msh_6 = msh.msh_3.to_er7(), msh.msh_4.to_er7()
    answer.msh.msh_9 = "ORL^O22^ORL_O22"
    answer.msh.msh_10, answer.msh.msh_11 = "A" + msh.msh_10.to_er7(), "P"
    answer.msa.msa_1, answer.msa.msa_2 = ack, msh.msh_10.to_er7()
    return answer


class Order(AbstractHandler):
    def reply(self):
        message = parse_message(self.incoming_message, find_groups=True)
        control_id = message.msh.msh_10.to_er7()
        try:
            Validator.validate(message)
        except Exception as problem:
            answer = answer_to(message, "AE").to_mllp()
            say("rejected", controlId=control_id, text=self.incoming_message, answer=answer, why=f"{type(problem).__name__}: {problem}")
            return answer
        answer = answer_to(message, "AA")
        response = answer.add_group("ORL_O22_RESPONSE").add_group("ORL_O22_PATIENT")
        response.pid = message.oml_o21_patient.pid.to_er7()
        for order in message.oml_o21_order:
            group = response.add_group("ORL_O22_ORDER")
            group.orc = order.orc.to_er7()
            group.orc.orc_1 = REPLIES.get(order.orc.orc_1.to_er7(), "UA")
        say("received", type="OML^O21", controlId=control_id, text=self.incoming_message, answer=answer.to_er7())
        return answer.to_mllp()


class Other(AbstractErrorHandler):
    def reply(self):
        say("rejected", text=self.incoming_message, answer="", why=f"{type(self.exc).__name__}: {self.exc}")
        raise self.exc


def by_hl7apy(port):
    handlers = {"OML^O21^OML_O21": (Order,), "ERR": (Other,)}
    server = MLLPServer("127.0.0.1", port, handlers)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    say("listening")
    sys.stdin.read()
    server.shutdown()


if sys.argv[1] == "hl7":
    asyncio.run(by_hl7(int(sys.argv[2])))
else:
    by_hl7apy(int(sys.argv[2]))
