/**
 * A canonical form, or why there is none: the end of a sentence that begins with the name of the
 * field, such as "has an invisible character".
 */
export type Canonical =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly reason: string }

/** The longest identity, in UTF-16 code units. */
export const MAX_IDENTITY_UNITS = 254

export function refused(reason: string): Canonical {
  return { ok: false, reason }
}
