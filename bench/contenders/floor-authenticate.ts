import { hash, timingSafeEqual } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { nativeCodec } from 'latchkey'
import type { Prepared } from '../harness/contender.ts'
import { shuffledIndexes } from '../harness/statistics.ts'
import { timeBatches } from '../harness/timed-loop.ts'

const BATCH = 1000

export interface Options {
  readonly sessions: number
  /**
   * `bytes` is how it is written most often: the digest a Buffer, compared by `timingSafeEqual`. `text` spares the
   * allocation and the second call out of JavaScript, and so is the lower floor.
   */
  readonly digests: 'bytes' | 'text'
}

/**
 * What no check of an opaque token can do without: the checksum, one SHA-256, one look-up in a Map, one comparison in
 * constant time. Handed on as a promise, as every check is.
 */
export async function prepare({ sessions, digests }: Options): Promise<Prepared> {
  const floor = digests === 'bytes' ? createFloorOfBytes() : createFloorOfText()
  const all = Array.from({ length: sessions }, () => {
    const id = nativeCodec.createSecret().slice(0, 25)
    const secret = nativeCodec.createSecret()
    floor.add(id, secret)
    return nativeCodec.format({ id, secret }, { owner: '' })
  })
  const tokens = Array.from(shuffledIndexes(sessions), (index) => all[index] ?? '')

  return {
    measure: (ms) => {
      let at = 0
      return timeBatches(ms, BATCH, async () => {
        for (let i = 0; i < BATCH; i++) {
          if ((await floor.check(tokens[at] ?? '')) === null) throw new Error('refused')
          at = at + 1 === tokens.length ? 0 : at + 1
        }
      })
    },
    close: async () => {},
  }
}

interface Floor {
  add(id: string, secret: string): void
  check(token: string): Promise<{ readonly id: string } | null>
}

function hasChecksum(token: string): boolean {
  return crc32(token.slice(4, 72)).toString(36).padStart(7, '0') === token.slice(72)
}

function createFloorOfBytes(): Floor {
  const entries = new Map<string, { readonly id: string; readonly digest: Buffer }>()
  return {
    add: (id, secret) => entries.set(id, { id, digest: hash('sha256', secret, 'buffer') }),
    check(token) {
      if (!hasChecksum(token)) return Promise.resolve(null)
      const entry = entries.get(token.slice(4, 29))
      if (entry === undefined) return Promise.resolve(null)
      const digest = hash('sha256', token.slice(29, 72), 'buffer')
      return Promise.resolve(timingSafeEqual(digest, entry.digest) ? entry : null)
    },
  }
}

function createFloorOfText(): Floor {
  const entries = new Map<string, { readonly id: string; readonly digest: string }>()
  return {
    add: (id, secret) => entries.set(id, { id, digest: hash('sha256', secret, 'base64url') }),
    check(token) {
      if (!hasChecksum(token)) return Promise.resolve(null)
      const entry = entries.get(token.slice(4, 29))
      if (entry === undefined) return Promise.resolve(null)
      const digest = hash('sha256', token.slice(29, 72), 'base64url')
      let difference = digest.length ^ entry.digest.length
      for (let i = 0; i < digest.length; i++) {
        difference |= digest.charCodeAt(i) ^ entry.digest.charCodeAt(i)
      }
      return Promise.resolve(difference === 0 ? entry : null)
    },
  }
}
