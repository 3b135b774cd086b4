import type { TestContext } from 'node:test'
import { type Authority, type AuthorityOptions, createAuthority } from '../../../src/core/index.ts'
import { memory } from '../../../src/stores/memory/index.ts'
import { type FakeClock, fakeClock } from '../../../src/testing/fake-clock.ts'
import { openExchange } from '../../../src/web/exchange.ts'
import { type SessionOptions, sessionConfig } from '../../../src/web/session-options.ts'
import type { UserLike } from '../../../src/web/user.ts'
import type { WebExchange } from '../../../src/web/web-exchange.ts'

/** A user whose stored hash is `hashed:` and the password `NAME-secret`. */
export function webUser(
  id: string | number,
  name: string,
  scopes: readonly string[] = [],
): UserLike & { hash: string } {
  return {
    hash: `hashed:${name}-secret`,
    getId: () => id,
    getDisplayName: () => name,
    getHashedPassword() {
      return this.hash
    },
    getScopes: () => scopes,
    getTokens: () => [`${name}-token`],
  }
}

/** Verifies the hashes of {@link webUser}. */
export const plainVerifier = {
  verify: (plain: string, hashed: string) => `hashed:${plain}` === hashed,
}

/** An authority in memory with a fake clock, closed after the test. */
export async function openAuthority(
  t: TestContext,
  options: Omit<AuthorityOptions, 'store'> = {},
): Promise<{ authority: Authority; clock: FakeClock }> {
  const clock = fakeClock()
  const passwords = { memoryKiB: 8, passes: 1 }
  const authority = await createAuthority({
    passwords,
    pruneEveryMs: 0,
    ...options,
    store: memory({ clock }),
  })
  t.after(() => authority.close())
  return { authority, clock }
}

/** A request without a framework, whose session is loaded. */
export async function openRequest(
  options: SessionOptions,
  {
    headers = {},
    url = '/',
    method = 'GET',
    peer = '192.0.2.7',
  }: {
    readonly headers?: Readonly<Record<string, string>>
    readonly url?: string
    readonly method?: string
    readonly peer?: string | null
  } = {},
): Promise<{ native: object; exchange: WebExchange }> {
  const native = {}
  const request = { headers: new Headers(headers), method, url, peer, encrypted: false, native }
  const exchange = openExchange(sessionConfig(options), request)
  await exchange.load()
  return { native, exchange }
}

/** Commits a request, and returns the `Cookie` header that a browser sends next. */
export async function cookiesAfter(exchange: WebExchange): Promise<string> {
  const headers = await exchange.commit()
  const pairs = headers.map((header) => header.split(';')[0] ?? '')
  return pairs.filter((pair) => !pair.endsWith('=')).join('; ')
}
