import assert from 'node:assert/strict'
import { type ClientHttp2Stream, connect as connectHttp2, constants } from 'node:http2'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { openFixture, unlock } from '../../../test/support/grpc-door.ts'
import { Agent } from '../../protocol/grpc/index.ts'

/** A gRPC message with its prefix. */
function framed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
}

/** `ServerReflectionRequest { list_services: "" }` asks for a short answer, this one for a file. */
const FILE = 'latchkey/v1/sessions.proto'
const REQUEST = framed(Buffer.concat([Buffer.from([0x1a, FILE.length]), Buffer.from(FILE)]))

const BATCHES = 40

function open(url: string, path: string, token?: string): ClientHttp2Stream {
  const client = connectHttp2(url)
  client.on('error', () => undefined)
  return client.request({
    [constants.HTTP2_HEADER_METHOD]: 'POST',
    [constants.HTTP2_HEADER_PATH]: path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  })
}

test('a stream whose answers are not read is not answered further', async (t) => {
  const fixture = await openFixture(t)
  const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo'
  const stream = open(`http://${fixture.target}`, path)
  t.after(() => stream.session?.destroy())
  stream.on('error', () => undefined)
  stream.pause()
  // Each batch of requests is 34 KB, and its answers are a megabyte.
  const batch = Buffer.concat(Array.from({ length: 1000 }, () => REQUEST))
  let accepted = 0
  const accept = () => void accepted++
  for (let sent = 0; sent < BATCHES; sent++) stream.write(batch, accept)
  let before = -1
  while (before !== accepted) {
    before = accepted
    await setTimeout(1000)
  }
  assert.ok(accepted < BATCHES / 2, `${accepted} of ${BATCHES} batches were read`)
  await unlock(fixture, Agent, 'ada')
})
