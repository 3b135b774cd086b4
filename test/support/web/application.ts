import assert from 'node:assert/strict'
import { type Authority, createAuthority, LatchkeyError } from 'latchkey'
import { memory } from 'latchkey/stores/memory'
import { type FakeClock, fakeClock, type WebAppOptions, type WebSubject } from 'latchkey/testing'
import {
  type AnyGuard,
  type AuthenticationOptions,
  authOf,
  exitImpersonation,
  formToken,
  type ImpersonationOptions,
  impersonate,
  inMemoryUsers,
  LoginManager,
  originalUser,
  type SessionOptions,
  sessionAuthenticator,
  sessionOf,
  type UserLike,
  userDirectory,
  verifyFormToken,
  WebError,
} from 'latchkey/web'

/** What a handler answers. */
export interface JsonAnswer {
  readonly status: number
  readonly json: unknown
}

/** What a route needs before its handler. */
export type Needs = 'login' | 'scope' | 'fresh'

/** A route, for any framework. */
export interface TestRoute {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly needs?: Needs
  handle(request: object, body: Readonly<Record<string, unknown>>): Promise<JsonAnswer> | JsonAnswer
}

/** The application under test, for any framework. */
export interface TestApplication {
  readonly sessions: SessionOptions
  readonly authentication: AuthenticationOptions
  readonly impersonation: ImpersonationOptions
  readonly routes: readonly TestRoute[]
  /** What an error is answered with. */
  failed(error: unknown): JsonAnswer
}

/** A running application. */
export interface Served {
  readonly origin: string
  close(): Promise<void>
}

interface TestUser extends UserLike {
  password: string
}

const teapot = new Error('a guard refuses')

function testUser(id: number, name: string, scopes: readonly string[]): TestUser {
  const user = {
    password: `${name}-secret`,
    getId: () => id,
    getDisplayName: () => name,
    getHashedPassword: () => `hashed:${user.password}`,
    getScopes: () => scopes,
  }
  return user
}

/** Opens the application of the exported cases on one adapter. */
export async function openApplication(
  options: WebAppOptions,
  serve: (application: TestApplication) => Promise<Served>,
  closers: (() => Promise<void>)[],
): Promise<WebSubject> {
  const table = [
    testUser(1, 'ada', ['reports']),
    testUser(2, 'bob', []),
    testUser(3, 'root', ['auth:impersonate_others']),
  ]
  const removed = new Set<string>()
  const listed = inMemoryUsers(table)
  const present = async (user: Promise<TestUser | null> | TestUser | null) => {
    const found = await user
    return found === null || removed.has(found.getDisplayName()) ? null : found
  }
  const users = {
    findById: (id: string) => present(listed.findById(id)),
    findByUsername: (name: string) => present(listed.findByUsername(name)),
  }
  const shared = options.sharedWith
  const clock: FakeClock = shared?.clock ?? fakeClock()
  const authority: Authority =
    shared?.authority ??
    (await createAuthority({
      store: memory({ clock }),
      directory: userDirectory(users, {
        roles: (user) => (user.getDisplayName() === 'ada' ? [] : ['impersonate']),
      }),
      pruneEveryMs: 0,
    }))
  if (shared === undefined) closers.push(() => authority.close())

  const verify = (plain: string, hashed: string) => `hashed:${plain}` === hashed
  const verifier = {
    sync: { verify },
    async: { verify: async (plain: string, hashed: string) => verify(plain, hashed) },
    truthy: { verify: async () => 'yes' },
  }[options.verifier ?? 'sync']
  const secretKey = options.secretKey ?? 'a secret key'
  const manager = new LoginManager(users, verifier, secretKey)
  const guarded: (string | null)[] = []
  let gate = Promise.withResolvers<void>()
  let reached = Promise.withResolvers<void>()

  const me = async (request: object): Promise<JsonAnswer> => {
    const auth = authOf(request)
    const session = sessionOf(request)
    const original = auth.originalUserId === null ? null : await originalUser(request)
    return {
      status: 200,
      json: {
        user: auth.isAuthenticated ? auth.displayName : null,
        state: auth.state,
        original: original?.getDisplayName() ?? null,
        id: session.id,
        data: { ...session },
      },
    }
  }
  const change = (request: object, body: Readonly<Record<string, unknown>>) => {
    const session = sessionOf(request)
    for (const [key, value] of Object.entries(body)) {
      if (value === null) delete session[key]
      else session[key] = value
    }
    return me(request)
  }
  const guardsOf = (when: unknown): readonly AnyGuard<TestUser>[] => {
    if (when === 'after') {
      return [
        (_request, user) => {
          guarded.push(user.getDisplayName())
          throw teapot
        },
      ]
    }
    if (when !== 'before') return []
    const check = async (_request: object, user: TestUser | null) => {
      guarded.push(user?.getDisplayName() ?? null)
      throw teapot
    }
    return [{ when: 'before', check }]
  }

  const routes: TestRoute[] = [
    { method: 'GET', path: '/me', handle: me },
    { method: 'GET', path: '/public/me', handle: me },
    { method: 'GET', path: '/admin/me', handle: me },
    { method: 'GET', path: '/private', needs: 'login', handle: me },
    { method: 'GET', path: '/reports', needs: 'scope', handle: me },
    { method: 'GET', path: '/fresh', needs: 'fresh', handle: me },
    {
      method: 'POST',
      path: '/login',
      async handle(request, { name, password, guard, remember }) {
        const guards = guardsOf(guard)
        const options = { guards, remember: remember === true }
        const user = await manager.loginOrNull(request, String(name), String(password), options)
        return user === null ? { status: 401, json: {} } : me(request)
      },
    },
    {
      method: 'POST',
      path: '/logout',
      async handle(request) {
        await manager.logout(request)
        return me(request)
      },
    },
    ...(['regenerate', 'rotate', 'destroy'] as const).map(
      (name): TestRoute => ({
        method: 'POST',
        path: `/${name}`,
        async handle(request) {
          await sessionOf(request)[name]()
          return me(request)
        },
      }),
    ),
    { method: 'POST', path: '/data', handle: change },
    {
      method: 'POST',
      path: '/slow',
      async handle(request, body) {
        const { promise } = gate
        sessionOf(request)
        reached.resolve()
        await promise
        return change(request, body)
      },
    },
    {
      method: 'POST',
      path: '/impersonate',
      async handle(request, { user }) {
        const target = await users.findByUsername(String(user))
        assert.ok(target !== null)
        await impersonate(request, target)
        return me(request)
      },
    },
    {
      method: 'POST',
      path: '/exit',
      async handle(request) {
        await exitImpersonation(request)
        return me(request)
      },
    },
    {
      method: 'GET',
      path: '/form',
      handle: (request) => ({ status: 200, json: { token: formToken(request) } }),
    },
    {
      method: 'POST',
      path: '/form',
      handle(request, { token }) {
        verifyFormToken(request, token)
        return { status: 200, json: {} }
      },
    },
  ]

  const { lifetime, rolling, saveUninitialized, onConflict } = options
  const { onFailure, include, exclude, queryParameter } = options
  const served = await serve({
    sessions: {
      authority,
      ...(lifetime === undefined ? {} : { lifetime }),
      rolling: rolling ?? false,
      saveUninitialized: saveUninitialized ?? false,
      onConflict: onConflict ?? 'merge',
    },
    authentication: {
      authenticators: [sessionAuthenticator(users, { secretKey })],
      ...(onFailure === undefined ? {} : { onFailure }),
      ...(include === undefined ? {} : { include }),
      ...(exclude === undefined ? {} : { exclude }),
    },
    impersonation: {
      users,
      ...(options.impersonationGuard === true
        ? { guard: async (token) => token.displayName === 'bob' }
        : {}),
      ...(queryParameter === undefined ? {} : { queryParameter }),
    },
    routes,
    failed(error) {
      if (error === teapot) return { status: 418, json: {} }
      if (error instanceof WebError) return { status: error.status, json: { code: error.code } }
      const code = error instanceof LatchkeyError ? error.code : String(error)
      return { status: 500, json: { code } }
    },
  })
  closers.push(() => served.close())

  return {
    authority,
    clock,
    guarded,
    send: (method, path, { headers = {}, body } = {}) =>
      fetch(served.origin + path, {
        method,
        redirect: 'manual',
        headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    setPassword(name, password) {
      const user = table.find((one) => one.getDisplayName() === name)
      if (user !== undefined) user.password = password
    },
    removeUser: (name) => void removed.add(name),
    slowReached: () => reached.promise,
    release() {
      gate.resolve()
      gate = Promise.withResolvers()
      reached = Promise.withResolvers()
    },
  }
}
