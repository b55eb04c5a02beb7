"""The local AWS as the other steps see it: clients, waiting, and saying how it went."""

import json
import os
import subprocess
import time

import boto3
from botocore.config import Config

PAUSE_SECONDS = 0.5
# The account's owner, whom no policy of a role is asked for.
ROOT_KEY = "test"


class Failed(Exception):
    """What was expected, and what was found."""


def client(service, endpoint, **credentials):
    config = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2})
    keys = {"aws_access_key_id": ROOT_KEY, "aws_secret_access_key": "test", **credentials}
    return boto3.client(service, endpoint_url=endpoint, region_name="us-east-1", config=config, **keys)


def until(what, probe, seconds_max=180):
    """Asks until there is an answer that is true, and gives it. Nothing is waited for longer than it takes."""
    end = time.monotonic() + seconds_max
    while time.monotonic() < end:
        found = probe()
        if found:
            return found
        time.sleep(PAUSE_SECONDS)
    raise Failed(f"{what}: waited {seconds_max} s for it")


def expect(holds, what):
    if not holds:
        raise Failed(what)


def run(command, environment=None, answers="", statuses=(0,)):
    everything = {**os.environ, **(environment or {})}
    done = subprocess.run(list(map(str, command)), env=everything, input=answers, capture_output=True, text=True)
    if done.returncode not in statuses:
        raise Failed(f"{' '.join(map(str, command))}: status {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


class Steps:
    """Says what is done, and when."""

    def __init__(self):
        self.begun = time.monotonic()

    def __call__(self, title):
        print(f"\n=== {title} ({time.monotonic() - self.begun:.0f} s)", flush=True)

    @staticmethod
    def say(*columns):
        widths = [44, 30, 0]
        print("  " + " ".join(str(c).ljust(w) for c, w in zip(columns, widths)).rstrip(), flush=True)


class Inbox:
    """A queue that hears what the stack's topic tells."""

    def __init__(self, endpoint, topic):
        self.sqs = client("sqs", endpoint)
        self.url = self.sqs.create_queue(QueueName="inbox")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        statement = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": policy})
        client("sns", endpoint).subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        self.events = []

    def forget(self):
        self.look()
        self.events = []

    def look(self):
        answer = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10, WaitTimeSeconds=0)
        for message in answer.get("Messages", []):
            self.events.append(json.loads(json.loads(message["Body"])["Message"]))
            self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])

    def wait(self, detail_type, date, seconds_max=300):
        """The newest event of this kind about this day, which is then no longer waited for."""

        def probe():
            self.look()
            found = [e for e in self.events if e["detail-type"] == detail_type and e["detail"]["date"] == date]
            if found:
                self.events = [e for e in self.events if e not in found]
                return found[-1]
            return None

        return until(f"the event {detail_type} for {date}", probe, seconds_max)
