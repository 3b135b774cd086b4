import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { builtInCommands, type CommandRegistry, createRegistry } from '../../src/commands/index.ts'
import { type Connections, createConnections } from '../../src/connections/index.ts'
import type { deriveArgon2 } from '../../src/core/credential/password/argon2.ts'
import { type Authority, createAuthority, type Settings, type Store } from '../../src/core/index.ts'
import {
  createMageDoor,
  type MageDoor,
  type MageDoorOptions,
  mageCodec,
} from '../../src/doors/mage/index.ts'
import { memory } from '../../src/stores/memory/index.ts'
import { type FakeClock, fakeClock } from '../../src/testing/fake-clock.ts'

/** One entry of a batch's answer. */
export type Entry = readonly [string | null, unknown, (readonly (readonly [string, unknown?])[])?]

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The parsed body; empty for none. */
  readonly entries: readonly Entry[]
}

export interface GameOptions extends Partial<MageDoorOptions> {
  /** The application's files by path under its folder; the one of the seed by default. */
  readonly files?: Readonly<Record<string, string>>
  readonly settings?: Partial<Settings>
  readonly store?: Store
  readonly storeTimeoutMs?: number
  /** How passwords are hashed. */
  readonly derive?: typeof deriveArgon2
}

export interface Game {
  readonly authority: Authority
  readonly connections: Connections
  readonly registry: CommandRegistry
  readonly door: MageDoor
  readonly clock: FakeClock
  readonly folder: string
  readonly port: number
  /** What `onError` heard. */
  readonly errors: unknown[]
  /** What the application logged: level, then what was said. */
  readonly logged: (readonly unknown[])[]
  /** Calls commands, one line of parameters each; with a key the header names it. */
  call(names: string, params?: readonly unknown[], asking?: Asking): Promise<Reply>
  /** Sends a body as it is. */
  send(path: string, init?: RequestInit): Promise<Reply>
  /** Sends bytes over a socket and returns what comes back, dates blanked, until the server closes. */
  raw(request: string | Uint8Array): Promise<string>
  /** Registers a user with a tag `user` and logs it in. */
  person(
    name: string,
    acl?: readonly string[],
  ): Promise<{ readonly id: string; readonly key: string }>
}

export interface Asking {
  readonly key?: unknown
  readonly queryId?: string
  readonly header?: readonly unknown[]
}

/** The snippets of the guide, as they stand there. */
export const SEED_FILES: Readonly<Record<string, string>> = {
  'package.json': '{ "name": "seed", "version": "1.2.3", "type": "commonjs" }',
  'lib/index.js': `mage.useModules([
  'session'
]);
`,
  'lib/modules/players/index.js': `exports.login = function (state, username, password, callback) {
  mage.auth.login(state, username, password, callback);
};
exports.changePassword = function (state, username, newPassword, callback) {
  mage.auth.changePassword(state, username, newPassword, callback);
};
`,
  'lib/modules/players/usercommands/login.js': `var mage = require('mage');
var logger = mage.core.logger.context('players');

exports.acl = ['*'];

// The API endpoint function
exports.execute = function (state, username, password, callback) {
  mage.players.login(state, username, password, function (error, session) {
    if (error) {
      return state.error(error.code, error, callback);
    }

    logger.debug('Logged in user:', session.actorId);
    callback();
  });
};
`,
  'lib/modules/players/usercommands/register.js': `var mage = require('mage');
exports.acl = ['*'];
exports.execute = function (state, username, password, callback) {
  mage.auth.register(state, username, password, { acl: ['user'] }, function (error, userId) {
    if (error) {
      return state.error(error.code, error, callback);
    }
    state.respond(userId);
    callback();
  });
};
`,
  'lib/modules/players/usercommands/changePassword.js': `var mage = require('mage');
exports.acl = ['*'];
exports.execute = function (state, username, password, callback) {
  mage.players.changePassword(state, username, password, function (error) {
    if (error) {
      return state.error(error.code, error, callback);
    }
    callback();
  });
};
`,
  'lib/modules/players/usercommands/whoami.js': `exports.acl = ['user'];
exports.execute = async function (state) {
  return { actorId: state.actorId, acl: state.acl };
};
`,
  'lib/modules/players/usercommands/echo.js': `exports.acl = ['*'];
exports.execute = async function (state, a, b) {
  return { a: a, b: b };
};
`,
  'lib/modules/players/usercommands/noop.js': `exports.acl = ['*'];
exports.execute = function (state, callback) { callback(); };
`,
  'lib/modules/players/usercommands/nobody.js': `exports.execute = async function () {};
`,
}

/** A module of the game `players` with these commands, beside those of the seed. */
export function withCommands(
  commands: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const added = Object.entries(commands).map(([name, source]) => [
    `lib/modules/players/usercommands/${name}`,
    source,
  ])
  return { ...SEED_FILES, ...Object.fromEntries(added) }
}

/** Writes files to a folder of their own, which goes with the test. */
export function writeFiles(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-mage-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  return folder
}

/** Serves an application over a real port on a store in memory, with a clock that stands. Gone after the test. */
export async function openGame(t: TestContext, options: GameOptions = {}): Promise<Game> {
  const { files = SEED_FILES, settings, store, storeTimeoutMs, derive, ...doorOptions } = options
  const folder = writeFiles(t, files)
  const clock = fakeClock()
  const errors: unknown[] = []
  const logged: unknown[][] = []
  const authority = await createAuthority({
    store: store ?? memory({ clock }),
    codecs: [mageCodec],
    passwords: { memoryKiB: 8, passes: 1, ...(derive === undefined ? {} : { derive }) },
    pruneEveryMs: 0,
    settings: {
      'password.minLength': 1,
      'password.blocklist': false,
      'throttle.createPerMinute': 1000,
      'throttle.addressPerMinute': 1000,
      ...settings,
    },
    onError: (error) => errors.push(error),
    ...(storeTimeoutMs === undefined ? {} : { storeTimeoutMs }),
  })
  const connections = createConnections({ authority })
  const registry = createRegistry(builtInCommands)
  const door = await createMageDoor({
    authority,
    connections,
    registry,
    development: true,
    modules: join(folder, 'lib/modules'),
    onError: (error) => errors.push(error),
    onLog: ({ level, parts }) => logged.push([level, ...parts]),
    ...doorOptions,
  })
  const server = createServer((request, response) => {
    if (!door.handle(request, response)) response.writeHead(418).end('another')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    await closed(server)
    await connections.close()
    await door.close()
    await authority.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    authority,
    connections,
    registry,
    door,
    clock,
    folder,
    port,
    errors,
    logged,
    ...client(port, authority),
  }
}

async function closed(server: Server): Promise<void> {
  server.close()
  server.closeAllConnections()
  if (server.listening) await once(server, 'close')
}

function client(
  port: number,
  authority: Authority,
): Pick<Game, 'call' | 'send' | 'raw' | 'person'> {
  const send: Game['send'] = async (path, init = {}) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', ...init })
    const text = await response.text()
    const { status, headers } = response
    return { status, headers, text, entries: text.startsWith('[') ? JSON.parse(text) : [] }
  }
  const call: Game['call'] = (names, params = [], { key, queryId, header = [] } = {}) => {
    const session = key === undefined ? [] : [{ name: 'mage.session', key }]
    const lines = [[...header, ...session], ...names.split(',').map((_, at) => params[at] ?? null)]
    const query = queryId === undefined ? '' : `?queryId=${encodeURIComponent(queryId)}`
    return send(`/game/${names}${query}`, {
      body: lines.map((line) => JSON.stringify(line)).join('\n'),
    })
  }
  return {
    send,
    call,
    async raw(request) {
      const socket = connect(port, '127.0.0.1')
      socket.setEncoding('latin1')
      let text = ''
      socket.on('data', (chunk: string) => {
        text += chunk
      })
      socket.on('error', () => undefined)
      socket.write(request)
      await once(socket, 'close')
      return text.replaceAll(/^Date: .*\r$/gm, 'Date: ..\r')
    },
    async person(name, acl = ['user']) {
      const registered = await authority.actors.register({ name, password: 'secret', roles: acl })
      assert.ok(registered.ok, name)
      const begun = await authority.login({
        identity: name,
        password: 'secret',
        profile: 'game',
        format: 'mage',
      })
      assert.ok(begun.ok, name)
      return { id: registered.actor.id, key: begun.token }
    },
  }
}

/** The data of the first event of a name in an entry; fails where there is none. */
export function eventOf(entry: Entry | undefined, name: string): unknown {
  const found = entry?.[2]?.find(([own]) => own === name)
  assert.ok(found !== undefined, `no ${name} in ${JSON.stringify(entry)}`)
  return found[1]
}

/** The key of a `session.set` in an entry. */
export function keyIn(entry: Entry | undefined): string {
  const { key } = eventOf(entry, 'session.set') as { key: string }
  assert.equal(typeof key, 'string')
  return key
}
