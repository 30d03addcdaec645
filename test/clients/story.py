"""Queries, writes and follows the task graph over graphql-transport-ws, with the package `websockets` and nothing else.

Loses its connection in the middle, and goes on behind the last event it has. Says at the end, as JSON, which tasks it created and which
it was told of.

  python3 story.py ws://localhost:4000/graphql 'Bearer …'
"""

import asyncio
import itertools
import json
import sys

import websockets

PROJECT = 'query { project(key: "ENN") { id } }'
CREATE = "mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { id } errors { code } } }"
FOLLOW = "subscription { taskEvents(kinds: [CREATED]) { kind task { id title url assignees { displayName } } } }"


class Connection:
    """One acknowledged connection."""

    def __init__(self, socket):
        self.socket = socket
        self.ids = itertools.count(1)

    @classmethod
    async def open(cls, url, authorization):
        socket = await websockets.connect(url, subprotocols=["graphql-transport-ws"])
        connection = cls(socket)
        await connection.send(type="connection_init", payload={"authorization": authorization})
        message = await connection.receive()
        assert message["type"] == "connection_ack", message
        return connection

    async def send(self, **message):
        await self.socket.send(json.dumps(message))

    async def receive(self):
        return json.loads(await self.socket.recv())

    async def subscribe(self, query, variables=None, extensions=None):
        name = str(next(self.ids))
        payload = {"query": query, "variables": variables, "extensions": extensions}
        await self.send(id=name, type="subscribe", payload=payload)
        return name

    async def run(self, query, variables=None):
        """The data of a query or mutation: one result, then its end."""
        name = await self.subscribe(query, variables)
        result = await self.receive()
        assert (result["type"], result["id"]) == ("next", name), result
        end = await self.receive()
        assert (end["type"], end["id"]) == ("complete", name), end
        return result["payload"]["data"]


async def main(url, authorization):
    writer = await Connection.open(url, authorization)
    project = (await writer.run(PROJECT))["project"]["id"]
    created = []

    async def create():
        task = {"projectId": project, "title": f"Task {len(created) + 1} of a client"}
        answer = (await writer.run(CREATE, {"input": task}))["createTask"]
        assert answer["errors"] == [], answer
        created.append(answer["task"]["id"])

    follower = await Connection.open(url, authorization)
    await follower.subscribe(FOLLOW)
    coming = asyncio.ensure_future(follower.receive())
    # It begins whenever it begins.
    while not coming.done():
        await create()
        await asyncio.wait([coming], timeout=0.1)
    first = coming.result()
    follower.socket.transport.abort()
    for _ in range(3):
        await create()

    events = [first["payload"]]
    follower = await Connection.open(url, authorization)
    await follower.subscribe(FOLLOW, extensions={"after": first["payload"]["extensions"]["cursor"]})
    await create()
    while events[-1]["data"]["taskEvents"]["task"]["id"] != created[-1]:
        message = await follower.receive()
        assert message["type"] == "next", message
        events.append(message["payload"])
    told = [event["data"]["taskEvents"]["task"]["id"] for event in events]
    print(json.dumps({"created": created, "told": told, "first": events[0]["data"]}))


asyncio.run(asyncio.wait_for(main(*sys.argv[1:]), 60))
