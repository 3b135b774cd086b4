import { canonicalAddress } from '../address.ts'
import type { RequestSource } from '../guard.ts'

/** The canonical address of a request, or null. */
export function addressOf(source: RequestSource): string | null {
  return source.address === undefined || source.address === null
    ? null
    : canonicalAddress(source.address)
}
