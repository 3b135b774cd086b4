import type { Metadata } from '@grpc/grpc-js'

/** The key of the metadata that holds a token, in either direction. */
export const TOKEN_KEY = 'authorization'

/** The token in a call's metadata, `Bearer TOKEN` or as Polykey writes it `Bearer: TOKEN`; null where there is none. */
export function tokenOf(metadata: Metadata): string | null {
  const value = metadata.get(TOKEN_KEY)[0]
  if (typeof value !== 'string') return null
  return /^bearer:? +(.+)$/i.exec(value)?.[1] ?? null
}
