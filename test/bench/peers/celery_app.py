"""Celery as its page on optimizing says for many short tasks: late acknowledgement, a large prefetch, no results kept, one prefork process per core.

Celery itself has no batches: every job is a model run and an INSERT of its own.
"""

import os
import time

import numpy
import onnxruntime
import psycopg
from celery import Celery
from celery.signals import worker_process_init

app = Celery("peer", broker=f"redis://127.0.0.1:{os.environ['REDIS_PORT']}/0")
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_serializer="json",
    worker_prefetch_multiplier=128,
    worker_disable_rate_limits=True,
    worker_send_task_events=False,
    broker_connection_retry_on_startup=True,
)

open_here = {}

INSERT = (
    "INSERT INTO peer_results (job_id, patient_key, label, probability, taken_at) "
    "VALUES (%s, %s, %s, %s, %s) ON CONFLICT (job_id) DO NOTHING"
)


@worker_process_init.connect
def open_model_and_database(**_):
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    settings.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(os.environ["MODEL_FILE"], settings, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    open_here["session"] = session
    open_here["input"] = session.get_inputs()[0].name
    open_here["output"] = next((name for name in names if "prob" in name), names[-1])
    open_here["database"] = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True, prepare_threshold=1)


@app.task(name="predict")
def predict(job_id, patient_key, features):
    taken_at = time.time() * 1000
    row = numpy.array([features], dtype=numpy.float32)
    answer = open_here["session"].run([open_here["output"]], {open_here["input"]: row})[0]
    probability = float(answer[0][1])
    label = "malignant" if probability >= 0.5 else "benign"
    open_here["database"].execute(INSERT, (job_id, patient_key, label, probability, taken_at))
