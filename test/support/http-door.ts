import assert from 'node:assert/strict'
import type { z } from 'zod'
import { loggedInShape } from '../../src/commands/built-in/shapes.ts'
import {
  type Authority,
  type AuthorityOptions,
  createAuthority,
  nativeCodec,
  type Settings,
  type Store,
} from '../../src/core/index.ts'
import { jwtCodec } from '../../src/core/token/jwt-codec.ts'
import { createHandler, type HttpDoor } from '../../src/doors/http/index.ts'
import { memory } from '../../src/stores/memory/index.ts'
import { type FakeClock, fakeClock } from '../../src/testing/fake-clock.ts'

export const PASSWORD = 'six wet otters under a bridge'

/** An answer with its whole body. */
export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The parsed body; empty for an empty one. */
  readonly body: Readonly<Record<string, unknown>>
  /** The `Set-Cookie` headers. */
  readonly cookies: readonly string[]
}

export interface Asking {
  /** Sent as JSON. */
  readonly body?: unknown
  /** Sent as it is, with `type`. */
  readonly raw?: BodyInit
  readonly type?: string
  readonly token?: string
  readonly cookie?: string
  readonly headers?: Readonly<Record<string, string>>
  /** The peer's address. */
  readonly address?: string
}

/** A user with a session. */
export interface Person {
  readonly id: string
  readonly name: string
  readonly session: string
  readonly token: string
  readonly renewal: string
}

export interface FixtureOptions {
  readonly settings?: Partial<Settings>
  readonly door?: Parameters<typeof createHandler>[1]
  readonly clock?: FakeClock
  readonly store?: Store
  readonly storeTimeoutMs?: number
  readonly passwords?: AuthorityOptions['passwords']
  readonly clients?: AuthorityOptions['clients']
  /** Whether `onError` may be called. False by default: then a call fails the test. */
  readonly mayFail?: boolean
}

/** A door on a memory store with a fake clock. */
export class Fixture implements AsyncDisposable {
  readonly authority: Authority
  readonly clock: FakeClock
  readonly fetch: HttpDoor['fetch']
  /** The errors that `onError` was called with. */
  readonly errors: unknown[]
  readonly #mayFail: boolean

  constructor(parts: {
    authority: Authority
    clock: FakeClock
    fetch: HttpDoor['fetch']
    errors: unknown[]
    mayFail: boolean
  }) {
    this.authority = parts.authority
    this.clock = parts.clock
    this.fetch = parts.fetch
    this.errors = parts.errors
    this.#mayFail = parts.mayFail
  }

  /** Asks `METHOD /path`. */
  async ask(what: string, asking: Asking = {}): Promise<Reply> {
    const [method = '', path = ''] = what.split(' ')
    const url = path.startsWith('http') ? path : `http://localhost${path}`
    const peer = asking.address === undefined ? {} : { address: asking.address }
    return read(await this.fetch(new Request(url, requestInit(method, asking)), peer))
  }

  /** Registers a user and logs in over HTTP. */
  async person(name: string, roles: readonly string[] = ['user']): Promise<Person> {
    const registered = await this.authority.actors.register({ name, password: PASSWORD, roles })
    assert.ok(registered.ok, `registered ${name}`)
    return this.login(name)
  }

  async login(name: string, extra: Readonly<Record<string, unknown>> = {}): Promise<Person> {
    const body = { identity: name, password: PASSWORD, ...extra }
    const reply = await this.ask('POST /v1/sessions', { body })
    const { session, actor, token, renewal } = parsed(reply, 201, loggedInShape)
    return { id: actor.id, name, session: session.id, token: token ?? '', renewal: renewal ?? '' }
  }

  /** Logs in with a cookie and returns the pair that the browser would send back. */
  async cookieOf(name: string): Promise<string> {
    const reply = await this.ask('POST /v1/sessions', {
      body: { identity: name, password: PASSWORD, cookie: true },
      headers: SAME_ORIGIN,
    })
    assert.equal(reply.status, 201)
    return pairOf(reply.cookies[0])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.authority.close()
    if (!this.#mayFail) assert.deepEqual(this.errors, [])
  }
}

export const SAME_ORIGIN = { origin: 'http://localhost' }

/** Opens an authority and its door. Use with `await using`. */
export async function openFixture(options: FixtureOptions = {}): Promise<Fixture> {
  const clock = options.clock ?? fakeClock()
  const errors: unknown[] = []
  const onError = (error: unknown) => void errors.push(error)
  const authority = await createAuthority({
    store: options.store ?? memory({ clock }),
    passwords: { memoryKiB: 8, passes: 1, ...options.passwords },
    pruneEveryMs: 0,
    settings: options.settings ?? {},
    codecs: [jwtCodec()],
    clients: options.clients ?? [],
    onError,
    ...(options.storeTimeoutMs === undefined ? {} : { storeTimeoutMs: options.storeTimeoutMs }),
  })
  const fetch = createHandler(authority, { onError, ...options.door })
  return new Fixture({ authority, clock, fetch, errors, mayFail: options.mayFail ?? false })
}

function requestInit(method: string, asking: Asking): RequestInit {
  const headers = new Headers(asking.headers)
  if (asking.token !== undefined) headers.set('authorization', `Bearer ${asking.token}`)
  if (asking.cookie !== undefined) headers.set('cookie', asking.cookie)
  const init: RequestInit & { duplex?: 'half' } = { method, headers }
  if (asking.raw !== undefined) {
    init.body = asking.raw
    init.duplex = 'half'
    headers.set('content-type', asking.type ?? 'application/json')
  } else if (asking.body !== undefined) {
    init.body = JSON.stringify(asking.body)
    headers.set('content-type', asking.type ?? 'application/json')
  }
  return init
}

/** Reads an answer, and asserts what holds for every answer. */
export async function read(response: Response): Promise<Reply> {
  const { status, headers } = response
  const text = await response.text()
  // Only the public keys may be cached. An answer to HEAD has no body.
  if (headers.get('cache-control') === 'public, max-age=300') {
    assert.match(text, /^(\{"keys":\[|$)/)
  } else assert.equal(headers.get('cache-control'), 'no-store')
  assert.ok(!/\bat .+\.(ts|js|mjs):\d+/.test(text), `a stack: ${text}`)
  const isJson = /^application\/(problem\+)?json$/.test(headers.get('content-type') ?? '')
  const body = (isJson && text !== '' ? JSON.parse(text) : {}) as Record<string, unknown>
  if (status >= 400 && text !== '') {
    assert.equal(headers.get('content-type'), 'application/problem+json')
    assert.equal(body['status'], status)
  }
  return { status, headers, text, body, cookies: headers.getSetCookie() }
}

/** Returns the body of an answer, after asserting its status and its shape. */
export function parsed<S extends z.ZodType>(reply: Reply, status: number, shape: S): z.output<S> {
  assert.equal(reply.status, status, reply.text)
  return shape.parse(reply.body)
}

/** Asserts that an answer is a refusal. */
export function refused(reply: Reply, status: number, code: string, reason?: string): void {
  const answered = [reply.status, reply.body['code'], reply.body['reason']]
  assert.deepEqual(answered, [status, code, reason], reply.text)
}

/** A well-formed token that was never issued. */
export function nativeToken(id: string = 'x'.repeat(25)): string {
  return nativeCodec.format({ id, secret: nativeCodec.createSecret() }, { owner: '' })
}

/** `name=value` of a `Set-Cookie` header. */
export function pairOf(setCookie: string | undefined): string {
  return setCookie?.split(';')[0] ?? ''
}
