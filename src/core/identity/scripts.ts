/**
 * Every script of Unicode 17 except Common, Inherited and Unknown, the frequent ones first. A test
 * fails if the runtime has a character of another script.
 */
const SCRIPTS = (
  'Latn Cyrl Grek Arab Hebr Hani Hira Kana Hang Thai Deva Beng Taml Telu Knda Mlym Gujr Guru Orya Sinh Armn Geor Ethi ' +
  'Khmr Laoo Mymr Tibt Bopo Thaa Adlm Aghb Ahom Armi Avst Bali Bamu Bass Batk Berf Bhks Brah Brai Bugi Buhd Cakm Cans ' +
  'Cari Cham Cher Chrs Copt Cpmn Cprt Diak Dogr Dsrt Dupl Egyp Elba Elym Gara Glag Gong Gonm Goth Gran Gukh Hano Hatr ' +
  'Hluw Hmng Hmnp Hung Ital Java Kali Kawi Khar Khoj Kits Krai Kthi Lana Lepc Limb Lina Linb Lisu Lyci Lydi Mahj Maka ' +
  'Mand Mani Marc Medf Mend Merc Mero Modi Mong Mroo Mtei Mult Nagm Nand Narb Nbat Newa Nkoo Nshu Ogam Olck Onao Orkh ' +
  'Osge Osma Ougr Palm Pauc Perm Phag Phli Phlp Phnx Plrd Prti Rjng Rohg Runr Samr Sarb Saur Sgnw Shaw Shrd Sidd Sidt ' +
  'Sind Sogd Sogo Sora Soyo Sund Sunu Sylo Syrc Tagb Takr Tale Talu Tang Tavt Tayo Tfng Tglg Tirh Tnsa Todr Tols Toto ' +
  'Tutg Ugar Vaii Vith Wara Wcho Xpeo Xsux Yezi Yiii Zanb'
).split(' ')

/** Writing systems of several scripts (UTS 39, section 5.1): Japanese, Chinese with bopomofo, Korean. */
const MIXED: readonly (readonly [name: string, ...scripts: string[]])[] = [
  ['Jpan', 'Hani', 'Hira', 'Kana'],
  ['Hanb', 'Hani', 'Bopo'],
  ['Kore', 'Hani', 'Hang'],
]

const NO_SCRIPT = /[\p{scx=Common}\p{scx=Inherited}]+/gu

const patterns = new Map<string, RegExp | null>()

/** Returns whether each letter is of one of these scripts. */
function isWrittenIn(letters: string, ...scripts: readonly string[]): boolean {
  const key = scripts.join()
  let pattern = patterns.get(key)
  if (pattern === undefined) {
    pattern = compile(scripts)
    patterns.set(key, pattern)
  }
  return pattern?.test(letters) === true
}

function compile(scripts: readonly string[]): RegExp | null {
  try {
    const classes = scripts.map((script) => `\\p{scx=${script}}`).join('')
    return new RegExp(`^[${classes}]+$`, 'u')
  } catch {
    // A runtime with an older Unicode version has no characters of a newer script either.
    return null
  }
}

/**
 * Returns the scripts and mixed writing systems in each of which a text can be written, by
 * Script_Extensions. Null for a text without letters, which fits any script. Empty for a mixture
 * that is not highly restrictive.
 */
export function scriptsOf(text: string): readonly string[] | null {
  const letters = text.replace(NO_SCRIPT, '')
  if (letters === '') return null
  const single = SCRIPTS.filter((script) => isWrittenIn(letters, script))
  const mixed = MIXED.filter(([, ...scripts]) => isWrittenIn(letters, ...scripts))
  if (single.length + mixed.length > 0) return [...single, ...mixed.map(([name]) => name)]
  const withLatin = MIXED.filter(([, ...scripts]) => isWrittenIn(letters, 'Latn', ...scripts))
  return withLatin.length === 0 ? [] : ['Latn', ...withLatin.map(([name]) => name)]
}

/**
 * Returns whether a text is of one script, or of Latin with Japanese, Chinese or Korean (UTS 39,
 * section 5.2).
 */
export function isHighlyRestrictive(text: string): boolean {
  const letters = text.replace(NO_SCRIPT, '')
  return (
    letters === '' ||
    SCRIPTS.some((script) => isWrittenIn(letters, script)) ||
    MIXED.some(([, ...scripts]) => isWrittenIn(letters, 'Latn', ...scripts))
  )
}
