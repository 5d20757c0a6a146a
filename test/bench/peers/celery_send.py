"""Puts a file of jobs on the queue: MODE=fill as fast as it goes, MODE=send at RATE a second, one line `id sentAt` for each."""

import json
import os
import time

from celery_app import app, predict

with open(os.environ["JOBS_FILE"], encoding="utf8") as file:
    jobs = json.load(file)

with app.producer_pool.acquire(block=True) as producer:

    def send(job):
        predict.apply_async((job["jobId"], job["patientKey"], job["features"]), producer=producer)

    if os.environ["MODE"] == "fill":
        for job in jobs:
            send(job)
    else:
        start = time.time()
        rate = float(os.environ["RATE"])
        for index, job in enumerate(jobs):
            time.sleep(max(0, start + index / rate - time.time()))
            print(job["jobId"], time.time() * 1000, flush=True)
            send(job)
