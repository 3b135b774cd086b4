import { scriptsOf } from './scripts.ts'
import { CONFUSABLES } from './tables.ts'

let prototypes: ReadonlyMap<string, string> | null = null

/** Unpacked at the first use. */
function unpack(): ReadonlyMap<string, string> {
  const unpacked = new Map<string, string>()
  for (const group of CONFUSABLES.split(';')) {
    const [prototype = '', gaps = ''] = group.split('=').map((part) => part.split(' '))
    const to = String.fromCodePoint(...[...prototype].map((code) => Number.parseInt(code, 36)))
    let from = 0
    for (const gap of gaps) {
      from += Number.parseInt(gap, 36)
      unpacked.set(String.fromCodePoint(from), to)
    }
  }
  return unpacked
}

/**
 * Returns the skeleton of a text (UTS 39, section 4): two texts with the same skeleton can look
 * alike. Use it for comparison, never for display. For a name it covers only the canonical,
 * lower-case form; {@link skeletons} covers both cases.
 */
export function skeleton(text: string): string {
  prototypes ??= unpack()
  let result = ''
  for (const char of text.normalize('NFD').replace(/\p{Default_Ignorable_Code_Point}/gu, '')) {
    result += prototypes.get(char) ?? char
  }
  return result.normalize('NFD')
}

/**
 * Returns the skeletons of a name in lower case and in capitals, because a name is displayed as
 * typed: Greek `ατομ` does not look like `atom`, but `ΑΤΟΜ` looks like `ATOM`. Returns one or two.
 */
export function skeletons(name: string): readonly string[] {
  return [...new Set([skeleton(name), skeleton(name.toUpperCase())])]
}

/**
 * Returns whether two names in canonical form can look alike although they are of different
 * scripts, like Cyrillic `асе` and Latin `ace`. False for names of one script: `modern` and `modem`
 * are both allowed. A name without letters fits any script.
 */
export function sameLookOtherScript(a: string, b: string): boolean {
  const looks = new Set(skeletons(a))
  if (!skeletons(b).some((look) => looks.has(look))) return false
  const scripts = scriptsOf(a)
  const others = scriptsOf(b)
  if (scripts === null || others === null) return false
  return !scripts.some((script) => others.includes(script))
}
