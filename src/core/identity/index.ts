import { canonicalEmail } from './canonical-email.ts'
import { canonicalName } from './canonical-name.ts'

export type { Canonical } from './canonical.ts'
export { canonicalEmail } from './canonical-email.ts'
export { canonicalName } from './canonical-name.ts'
export { sameLookOtherScript, skeleton, skeletons } from './skeleton.ts'

/**
 * Returns the canonical form of a typed identity: of an e-mail address if it has an `@`, else of a
 * name. Returns null for text that is neither.
 */
export function canonicalIdentity(text: string): string | null {
  const canonical = text.includes('@') ? canonicalEmail(text) : canonicalName(text)
  return canonical.ok ? canonical.value : null
}
