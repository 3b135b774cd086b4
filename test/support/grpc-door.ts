import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { DescService, MessageInitShape, MessageShape } from '@bufbuild/protobuf'
import {
  Client,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js'
import {
  builtInCommands,
  type Command,
  createPipeline,
  createRegistry,
} from '../../src/commands/index.ts'
import { type Connections, createConnections } from '../../src/connections/index.ts'
import { type Authority, createAuthority, type Settings } from '../../src/core/index.ts'
import { jwtCodec } from '../../src/core/token/jwt-codec.ts'
import { createGrpcDoor, type GrpcDoor, type GrpcLimits } from '../../src/doors/grpc/door.ts'
import { type Agent, Sessions, serviceDefinition } from '../../src/protocol/grpc/index.ts'
import type { Door } from '../../src/server/door.ts'
import { type Certificate, createGrpcListener } from '../../src/server/grpc-listener.ts'
import { memory } from '../../src/stores/memory/index.ts'
import { type FakeClock, fakeClock } from '../../src/testing/fake-clock.ts'

export const PASSWORD = 'six wet otters under a bridge'

export interface FixtureOptions {
  readonly settings?: Partial<Settings>
  readonly commands?: readonly Command[]
  readonly limits?: Partial<GrpcLimits>
  readonly tls?: Certificate
  readonly format?: string
  readonly maxConnections?: number
  readonly authenticateMs?: number
}

/** A refusal as a client reads it. */
export interface Told {
  readonly ok: false
  /** Such as `UNAUTHENTICATED`. */
  readonly status: string
  readonly details: string
  readonly code: string | undefined
  readonly name: string | undefined
  readonly message: string | undefined
  readonly reason: string | undefined
  readonly retryAfterMs: number | undefined
  readonly maxAgeMs?: number
}

export type Answer<Value> =
  | {
      readonly ok: true
      readonly value: Value
      /** The token in the leading metadata. */
      readonly next: string | null
    }
  | Told

export interface Asking {
  readonly token?: string | undefined
  readonly metadata?: Readonly<Record<string, string>>
  readonly deadline?: number
}

type Method<S extends DescService, Name extends keyof S['method']> = S['method'][Name]

/** A gRPC client of one server, which calls the methods of any service of ours. */
export class TestClient {
  readonly #client: Client

  constructor(target: string, creds = credentials.createInsecure()) {
    // A connection of its own, as another program has.
    this.#client = new Client(target, creds, { 'grpc.use_local_subchannel_pool': 1 })
  }

  call<S extends DescService, Name extends keyof S['method'] & string>(
    service: S,
    name: Name,
    request: MessageInitShape<Method<S, Name>['input']>,
    asking: Asking = {},
  ): Promise<Answer<MessageShape<Method<S, Name>['output']>>> {
    const method = serviceDefinition(service)[name]
    const { promise, resolve } =
      Promise.withResolvers<Answer<MessageShape<Method<S, Name>['output']>>>()
    let next: string | null = null
    const options = asking.deadline === undefined ? {} : { deadline: asking.deadline }
    this.#client
      .makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        metadataOf(asking),
        options,
        (error, value) => {
          if (error !== null) resolve(toldBy(error))
          else if (value !== undefined) resolve({ ok: true, value: value as never, next })
        },
      )
      .on('metadata', (metadata: Metadata) => {
        next = tokenIn(metadata)
      })
    return promise
  }

  /** Opens `Watch`, once the server says that it listens. */
  async watch(token: string): Promise<Watching> {
    const { path, requestSerialize, responseDeserialize } = serviceDefinition(Sessions).watch
    const stream = this.#client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      {},
      metadataOf({ token }),
    )
    const watching = new Watching(stream)
    await Promise.race([watching.open, watching.ended])
    return watching
  }

  close(): void {
    this.#client.close()
  }
}

/** An open `Watch`, as its client hears it. */
export class Watching {
  readonly stream: ClientReadableStream<unknown>
  readonly heard: { readonly name: string; readonly data: unknown }[] = []
  /** The token in the leading metadata. */
  readonly open: Promise<string | null>
  readonly ended: Promise<Told>
  /** When the end was heard. */
  endedAt = 0

  constructor(stream: ClientReadableStream<unknown>) {
    this.stream = stream
    const open = Promise.withResolvers<string | null>()
    const ended = Promise.withResolvers<Told>()
    stream.on('metadata', (metadata: Metadata) => open.resolve(tokenIn(metadata)))
    stream.on('data', ({ name, data }: { name: string; data: string }) => {
      this.heard.push({ name, data: data === '' ? undefined : JSON.parse(data) })
    })
    stream.on('error', (error: ServiceError) => {
      this.endedAt = performance.now()
      ended.resolve(toldBy(error))
    })
    this.open = open.promise
    this.ended = ended.promise
  }
}

/** A door on a memory store with a clock that stands, behind a socket. */
export interface GrpcFixture {
  readonly authority: Authority
  readonly clock: FakeClock
  readonly connections: Connections
  readonly door: GrpcDoor
  readonly listener: Door
  /** `HOST:PORT` */
  readonly target: string
  readonly port: number
  readonly client: TestClient
  /** What `onError` heard. */
  readonly errors: unknown[]
  /** How often the server was asked to stop. */
  readonly stops: () => number
  close(): Promise<void>
}

/** Opens a door; the caller closes it. */
export async function createFixture(options: FixtureOptions = {}): Promise<GrpcFixture> {
  const clock = fakeClock()
  const errors: unknown[] = []
  const onError = (error: unknown) => void errors.push(error)
  const authority = await createAuthority({
    store: memory({ clock }),
    codecs: [jwtCodec()],
    passwords: { memoryKiB: 8, passes: 1 },
    pruneEveryMs: 0,
    settings: options.settings ?? {},
    onError,
  })
  const connections = createConnections({ authority, onError })
  const registry = createRegistry([...builtInCommands, ...(options.commands ?? [])])
  const deliver = connections.send.bind(connections)
  let stops = 0
  const door = createGrpcDoor({
    authority,
    connections,
    pipeline: createPipeline({ authority, registry, deliver, onError }),
    info: () => ({ version: '1.2.3', addresses: [{ door: 'grpc', address: 'here' }] }),
    onStop: () => void stops++,
    onError,
    format: options.format ?? 'jwt',
    limits: options.limits ?? {},
  })
  const listener = createGrpcListener({
    door,
    address: { host: '127.0.0.1', port: 0, named: true },
    tls: options.tls ?? null,
    limits: { maxConnections: options.maxConnections ?? 1000 },
    authenticateMs: options.authenticateMs ?? 60_000,
    onError,
  })
  const port = Number(new URL(await listener.listen()).port)
  const target = `127.0.0.1:${port}`
  const client = new TestClient(target)
  return {
    ...{ authority, clock, connections, door, listener, target, port, client, errors },
    stops: () => stops,
    async close() {
      client.close()
      await connections.close()
      await listener.drain(AbortSignal.abort())
      await authority.close()
    },
  }
}

/** Opens a door for a test, which fails if `onError` hears anything. */
export async function openFixture(
  t: TestContext,
  options: FixtureOptions = {},
): Promise<GrpcFixture> {
  const fixture = await createFixture(options)
  t.after(async () => {
    await fixture.close()
    assert.deepEqual(fixture.errors, [])
  })
  return fixture
}

/** Adds somebody and unlocks. */
export async function unlock(
  { authority, client }: GrpcFixture,
  service: typeof Agent,
  name: string,
  roles: readonly string[] = ['user'],
): Promise<{ readonly token: string; readonly actorId: string; readonly sessionId: string }> {
  const known = await authority.actors.findByIdentity(name)
  if (known === null) await authority.actors.register({ name, password: PASSWORD, roles })
  const passwordOrFile = { case: 'password', value: PASSWORD } as const
  const { value } = granted(
    await client.call(service, 'sessionUnlock', { identity: name, passwordOrFile }),
  )
  const actorId = (await authority.actors.findByIdentity(name))?.id ?? ''
  return { token: value.token, sessionId: value.sessionId, actorId }
}

export function granted<Value>(answer: Answer<Value>): Extract<Answer<Value>, { ok: true }> {
  assert.ok(answer.ok, answer.ok ? '' : `refused: ${JSON.stringify(answer)}`)
  return answer
}

/** Holds an answer to a refusal. */
export function refused(answer: Answer<unknown>, code: string, reason?: string): Told {
  assert.ok(!answer.ok, `not refused, but ${code} was expected`)
  assert.deepEqual([answer.code, answer.reason], [code, reason], answer.details)
  return answer
}

function metadataOf({ token, metadata: more = {} }: Asking): Metadata {
  const metadata = new Metadata()
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`)
  for (const [key, value] of Object.entries(more)) metadata.set(key, value)
  return metadata
}

function toldBy({ code, details, metadata }: ServiceError): Told {
  const text = (key: string) => metadata.get(key)[0]?.toString()
  const wait = text('retry-after-ms')
  const maxAge = text('max-age-ms')
  return {
    ok: false,
    status: status[code],
    details,
    code: text('latchkey-code'),
    name: text('name'),
    message: text('message'),
    reason: text('reason'),
    retryAfterMs: wait === undefined ? undefined : Number(wait),
    ...(maxAge === undefined ? {} : { maxAgeMs: Number(maxAge) }),
  }
}

function tokenIn(metadata: Metadata): string | null {
  const [value] = metadata.get('authorization')
  return typeof value === 'string' ? value.replace(/^Bearer /, '') : null
}
