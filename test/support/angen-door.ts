import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { z } from 'zod'
import { builtInCommands, type Command, createRegistry } from '../../src/commands/index.ts'
import { type Connections, createConnections } from '../../src/connections/index.ts'
import {
  type Authority,
  type AuthorityOptions,
  createAuthority,
  type Settings,
  type Store,
} from '../../src/core/index.ts'
import {
  type AngenDoor,
  type AngenDoorOptions,
  angenCodec,
  createAngenDoor,
} from '../../src/doors/angen/index.ts'
import {
  messagePath,
  publishSchemas,
  type Schemas,
} from '../../src/doors/angen/protocol/schemas.ts'
import type { Receiver, Wire } from '../../src/doors/angen/wire.ts'
import { memory } from '../../src/stores/memory/index.ts'
import { type FakeClock, fakeClock } from '../../src/testing/fake-clock.ts'

export const PASSWORD = 'six wet otters under a bridge'

/** A message of the door, as a client reads it. */
export interface Told {
  readonly name: string
  readonly message: Readonly<Record<string, unknown>>
  readonly message_id?: string
}

/** A wire that keeps what is sent, and holds every message to its published schema. */
export class TestWire implements Wire {
  readonly address: string | null
  readonly transport = 'tcp'
  /** Every text that was sent. */
  readonly texts: string[] = []
  closedWith: { reason: string | undefined; code: number | undefined } | null = null
  isAuthenticated = false
  readonly #schemas: Schemas

  constructor(schemas: Schemas, address: string | null) {
    this.#schemas = schemas
    this.address = address
  }

  send(text: string): boolean {
    assert.equal(this.closedWith, null, `sent after it was closed: ${text}`)
    assert.ok(!text.includes('\n'))
    this.texts.push(text)
    const told = JSON.parse(text) as Told
    const schema = this.#schemas.get(messagePath(told.name))
    // Events of an application are what it makes them.
    if (schema !== undefined) z.fromJSONSchema(strict(schema) as never).parse(told.message)
    return true
  }

  authenticated(): void {
    this.isAuthenticated = true
  }

  close(reason?: string, code?: number): void {
    this.closedWith ??= { reason, code }
  }
}

// More than the schema says is a mistake of ours, though a client must bear it.
function strict(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(strict)
  if (typeof value !== 'object' || value === null) return value
  const inner = Object.fromEntries(Object.entries(value).map(([key, part]) => [key, strict(part)]))
  return 'properties' in inner && !('additionalProperties' in inner)
    ? { ...inner, additionalProperties: false }
    : inner
}

export interface Asking {
  readonly id?: string
  readonly details?: boolean
}

/** A client on a wire. */
export class Peer {
  readonly wire: TestWire
  readonly receiver: Receiver
  #read = 0

  constructor(wire: TestWire, receiver: Receiver) {
    this.wire = wire
    this.receiver = receiver
  }

  /** What was told since the last reading. */
  read(): Told[] {
    const texts = this.wire.texts.slice(this.#read)
    this.#read = this.wire.texts.length
    return texts.map((text) => JSON.parse(text) as Told)
  }

  /** Sends a text as it is, and reads what comes of it. */
  async send(text: string): Promise<Told[]> {
    await this.receiver.receive(text)
    return this.read()
  }

  /** Sends a command; the first message that comes of it. */
  async ask(name: string, command: object = {}, { id, details }: Asking = {}): Promise<Told> {
    const told = await this.send(
      JSON.stringify({
        name,
        command,
        ...(id === undefined ? {} : { message_id: id }),
        ...(details === undefined ? {} : { details }),
      }),
    )
    assert.ok(told[0] !== undefined, `${name} was not answered`)
    return told[0]
  }

  /** Sends a command that must be refused, and the reason. */
  async reason(name: string, command: object = {}): Promise<unknown> {
    const { name: told, message } = await this.ask(name, command)
    assert.equal(told, 'system/failure', JSON.stringify(message))
    assert.equal(message['command'], name)
    return message['reason']
  }

  /** Logs in with a token. */
  async login(token: string): Promise<this> {
    const { name } = await this.ask('auth/login', { token, user_agent: 'test' })
    assert.equal(name, 'auth/logged_in')
    return this
  }
}

export interface Token {
  readonly user_id: string
  readonly identifier_code: string
  readonly renewal_code: string
  readonly expires_at: string
}

export interface FixtureOptions extends Partial<AngenDoorOptions> {
  readonly settings?: Partial<Settings>
  readonly commands?: readonly Command[]
  readonly store?: Store
  readonly passwords?: AuthorityOptions['passwords']
  readonly guards?: AuthorityOptions['guards']
  readonly storeTimeoutMs?: number
}

export interface Fixture {
  readonly authority: Authority
  readonly connections: Connections
  readonly door: AngenDoor
  readonly clock: FakeClock
  readonly schemas: Schemas
  /** What `onError` heard. */
  readonly errors: unknown[]
  connect(address?: string | null): Peer
  /** Registers somebody; the id. */
  register(name: string, roles?: readonly string[]): Promise<string>
  /** A token of somebody, by `auth/get_token`. */
  token(name: string, address?: string | null): Promise<Token>
  /** Registers somebody and logs a connection in. */
  visit(name: string): Promise<Peer>
}

/** Opens a door on a store in memory with a clock that stands. Gone after the test. */
export async function openFixture(t: TestContext, options: FixtureOptions = {}): Promise<Fixture> {
  const { settings, commands = [], store, passwords, guards, storeTimeoutMs, ...given } = options
  const clock = fakeClock()
  const errors: unknown[] = []
  const onError = (error: unknown) => void errors.push(error)
  const authority = await createAuthority({
    store: store ?? memory({ clock }),
    codecs: [angenCodec],
    passwords: { memoryKiB: 8, passes: 1, ...passwords },
    pruneEveryMs: 0,
    settings: { 'password.minLength': 1, 'password.blocklist': false, ...settings },
    onError,
    ...(guards === undefined ? {} : { guards }),
    ...(storeTimeoutMs === undefined ? {} : { storeTimeoutMs }),
  })
  const connections = createConnections({ authority, onError })
  const registry = createRegistry([...builtInCommands, ...commands])
  const door = createAngenDoor({ authority, connections, registry, onError, ...given })
  t.after(async () => {
    door.close()
    await connections.close()
    await authority.close()
  })
  const schemas = publishSchemas(registry)
  const connect = (address: string | null = null) => {
    const wire = new TestWire(schemas, address)
    return new Peer(wire, door.accept(wire))
  }
  const register = async (name: string, roles: readonly string[] = ['user']) => {
    const email = `${name}@example.org`
    const registered = await authority.actors.register({ name, email, password: PASSWORD, roles })
    assert.ok(registered.ok, name)
    return registered.actor.id
  }
  const token = async (name: string, address: string | null = null) => {
    const given = { name, password: PASSWORD, user_agent: 'test' }
    const told = await connect(address).ask('auth/get_token', given)
    assert.equal(told.name, 'auth/token', JSON.stringify(told))
    return told.message['token'] as Token
  }
  return {
    authority,
    connections,
    door,
    clock,
    schemas,
    errors,
    connect,
    register,
    token,
    async visit(name) {
      await register(name)
      return connect().login((await token(name)).identifier_code)
    },
  }
}

/** Waits until everything that is ready has run. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}
