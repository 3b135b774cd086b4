import { createHmac } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { shuffledIndexes } from '../harness/statistics.ts'

const SECRET = 'a secret of the bench, of at least 32 characters'

export interface BetterAuthFixture {
  /** Its handler of HTTP requests. */
  readonly handler: (request: Request) => Promise<Response>
  /** Whether `getSession` finds the session of these headers. */
  readonly hasSession: (headers: Headers) => Promise<boolean>
  /** `Cookie` headers of live sessions, in random order. */
  readonly cookies: readonly string[]
  close(): void
}

function createAuth(database: DatabaseSync) {
  return betterAuth({
    baseURL: 'http://127.0.0.1',
    secret: SECRET,
    database,
    emailAndPassword: { enabled: true },
    session: { cookieCache: { enabled: false } },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: { disabled: true },
  })
}

/**
 * better-auth on its own SQLite support (`node:sqlite`), with so many users and sessions. One user signs up with a
 * password over its API; the others are made by the adapter it uses itself, because each password would take
 * 50 ms of scrypt.
 * Writes do not wait for the disk, since only reads are measured.
 */
export async function openBetterAuth(
  folder: string,
  { users, sessions }: { readonly users: number; readonly sessions: number },
): Promise<BetterAuthFixture> {
  const database = new DatabaseSync(join(folder, 'better-auth.db'))
  database.exec('pragma journal_mode = wal; pragma synchronous = off; pragma cache_size = -262144')
  const auth = createAuth(database)
  await (await getMigrations(auth.options)).runMigrations()
  const { internalAdapter } = await auth.$context

  const signedUp = await auth.api.signUpEmail({
    body: { name: 'user', email: 'user@example.com', password: 'a good password' },
    returnHeaders: true,
  })
  const [given = ''] = signedUp.headers.getSetCookie()
  const token = signedUp.response.token ?? ''
  if (!given.startsWith(`${cookieOf(token)};`)) {
    throw new Error('the cookies made here are not those that better-auth makes')
  }

  const cookies = [cookieOf(token)]
  const ids = [signedUp.response.user.id]
  database.exec('begin')
  for (let i = 1; i < users; i++) {
    const user = { name: `user ${i}`, email: `user${i}@example.com`, emailVerified: true }
    ids.push((await internalAdapter.createUser(user)).id)
  }
  for (let i = 1; i < sessions; i++) {
    const session = await internalAdapter.createSession(ids[i % ids.length] ?? '')
    cookies.push(cookieOf(session.token))
  }
  database.exec('commit')

  return {
    handler: (request) => auth.handler(request),
    hasSession: async (headers) => (await auth.api.getSession({ headers })) !== null,
    cookies: Array.from(shuffledIndexes(cookies.length), (index) => cookies[index] ?? ''),
    close: () => database.close(),
  }
}

// A sign-up's cookie is compared with this at the start of every bench.
function cookieOf(token: string): string {
  const signature = createHmac('sha256', SECRET).update(token).digest('base64')
  return `better-auth.session_token=${encodeURIComponent(`${token}.${signature}`)}`
}
