import { createSecretKey, randomBytes, randomUUID } from 'node:crypto'
import { jwtVerify, SignJWT } from 'jose'
import type { Prepared } from '../harness/contender.ts'
import { shuffledIndexes } from '../harness/statistics.ts'
import { timeBatches } from '../harness/timed-loop.ts'

const BATCH = 100

/** `jose`: an HS256 signature and an expiry, and no way to revoke. */
export async function prepare({ tokens: count }: { readonly tokens: number }): Promise<Prepared> {
  // A CryptoKey, the form that jose verifies with: other forms are imported first.
  const key = createSecretKey(randomBytes(32)).toCryptoKey(
    { name: 'HMAC', hash: 'SHA-256' },
    true,
    ['sign', 'verify'],
  )
  const all: string[] = []
  for (let i = 0; i < count; i++) {
    const jwt = new SignJWT({ sid: randomUUID() })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(randomUUID())
      .setExpirationTime('1d')
    all.push(await jwt.sign(key))
  }
  const tokens = Array.from(shuffledIndexes(count), (index) => all[index] ?? '')

  return {
    measure: (ms) => {
      let at = 0
      return timeBatches(ms, BATCH, async () => {
        for (let i = 0; i < BATCH; i++) {
          const { payload } = await jwtVerify(tokens[at] ?? '', key)
          if (payload.sub === undefined) throw new Error('no subject')
          at = at + 1 === tokens.length ? 0 : at + 1
        }
      })
    },
    close: async () => {},
  }
}
