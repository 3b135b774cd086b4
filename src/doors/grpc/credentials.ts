import type { Metadata } from '@grpc/grpc-js'
import { LatchkeyError } from '../../core/index.ts'

/** The key of the metadata that holds a token, in either direction. */
export const TOKEN_KEY = 'authorization'

/** The token in a call's metadata, `Bearer TOKEN` or as Polykey writes it `Bearer: TOKEN`; null where there is none. Throws `invalid_request` where there are several. */
export function tokenOf(metadata: Metadata): string | null {
  const values = metadata.get(TOKEN_KEY)
  if (values.length > 1) {
    throw new LatchkeyError('invalid_request', `Send ${TOKEN_KEY} once.`)
  }
  const [value] = values
  if (typeof value !== 'string') return null
  return /^bearer:? +(.+)$/i.exec(value)?.[1] ?? null
}
