import { Client, type ClientReadableStream, credentials, Metadata } from '@grpc/grpc-js'
import { Agent, Sessions, serviceDefinition } from '../../src/protocol/grpc/index.ts'
import type { Prepared } from '../harness/contender.ts'
import { percentile } from '../harness/statistics.ts'

export interface Options {
  readonly port: number
  /** Of as many actors. The first keep a stream open throughout; each of the others is locked once. */
  readonly tokens: readonly string[]
  readonly open: number
}

/** Watches, locks all, and takes the time until the stream has ended. `measure` does so with each actor in turn for about so long. */
export async function prepare({ port, tokens, open }: Options): Promise<Prepared> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
  const watching = await Promise.all(tokens.slice(0, open).map((token) => watch(client, token)))
  let at = open
  return {
    async measure(ms) {
      const latencies: number[] = []
      for (const until = performance.now() + ms; performance.now() < until; at++) {
        const token = tokens[at]
        if (token === undefined) throw new Error('there are no more actors to lock')
        const stream = await watch(client, token)
        const ended = endOf(stream)
        const began = performance.now()
        const answered = lockAll(client, token)
        if ((await ended) !== 'locked') throw new Error('it ended for another reason')
        latencies.push(performance.now() - began)
        await answered
        // As agents do: now and then, not one upon the other.
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
      const sorted = Float64Array.from(latencies).sort()
      return { count: sorted.length, p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) }
    },
    async close() {
      for (const stream of watching) stream.cancel()
      client.close()
    },
  }
}

function metadataOf(token: string): Metadata {
  const metadata = new Metadata()
  metadata.set('authorization', `Bearer ${token}`)
  return metadata
}

/** A stream that the server has begun. */
async function watch(client: Client, token: string): Promise<ClientReadableStream<unknown>> {
  const { path, requestSerialize, responseDeserialize } = serviceDefinition(Sessions).watch
  const stream = client.makeServerStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    {},
    metadataOf(token),
  )
  stream.on('error', () => undefined).resume()
  await new Promise((resolve) => stream.once('metadata', resolve))
  return stream
}

function endOf(stream: ClientReadableStream<unknown>): Promise<string> {
  return new Promise((resolve) => {
    stream.once('status', ({ metadata }: { readonly metadata: Metadata }) =>
      resolve(String(metadata.get('reason')[0])),
    )
  })
}

function lockAll(client: Client, token: string): Promise<void> {
  const { path, requestSerialize, responseDeserialize } = serviceDefinition(Agent).sessionLockAll
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      {},
      metadataOf(token),
      (error) => (error === null ? resolve() : reject(error)),
    )
  })
}
