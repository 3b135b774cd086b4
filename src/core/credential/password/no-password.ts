/**
 * Whether what a dump has in the place of a password hash means that there is none: nothing at all, a locked entry (`!`,
 * `!!`, `!$6$…`, `*`, `*LK*`, `*NP*`) or Django's unusable password (`!` and random characters).
 */
export function isNoPassword(stored: string): boolean {
  return /^(?:!.*|\*(?:LK\*|NP\*)?)?$/s.test(stored)
}
