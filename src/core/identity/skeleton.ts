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
 * The skeleton of a text (UTS 39, section 4): two texts with the same one can look alike. It is to be compared and never
 * shown. For a name it is about the name as it is spelt in canonical form; {@link skeletons} has both cases.
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
 * The skeletons of a name in lower case and in capitals, because a name is shown as its owner spells it: Greek `ατομ` is
 * not like `atom`, but `ΑΤΟΜ` is like `ATOM`. One or two.
 */
export function skeletons(name: string): readonly string[] {
  return [...new Set([skeleton(name), skeleton(name.toUpperCase())])]
}

/**
 * Whether two names in canonical form can look alike although they are of different scripts, as Cyrillic `асе` and Latin
 * `ace`. Names of one script never do: `modern` and `modem` are both allowed. A name without letters is of any script.
 */
export function sameLookOtherScript(a: string, b: string): boolean {
  const looks = new Set(skeletons(a))
  if (!skeletons(b).some((look) => looks.has(look))) return false
  const scripts = scriptsOf(a)
  const others = scriptsOf(b)
  if (scripts === null || others === null) return false
  return !scripts.some((script) => others.includes(script))
}
