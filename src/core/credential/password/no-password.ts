/**
 * Returns whether the password hash of an export means that there is no password: empty text, a
 * locked entry (`!`, `!!`, `!$6$…`, `*`, `*LK*`, `*NP*`) or Django's unusable password (`!` and
 * random characters).
 */
export function isNoPassword(stored: string): boolean {
  return /^(?:!.*|\*(?:LK\*|NP\*)?)?$/s.test(stored)
}
