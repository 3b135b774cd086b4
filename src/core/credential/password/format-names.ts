/** Formats by how they begin: those that are not verified, and those that are, for when their rest is malformed. */
const FORMATS: readonly (readonly [shape: RegExp, name: string, hint?: string])[] = [
  [/^\$argon2.*[$,]keyid=/, 'argon2 with a key id', 'its secret key is not in it'],
  [/^(?:argon2)?\$argon2(?:id|i|d)\$(?!v=19\$)/, 'argon2 before version 1.3'],
  [/^(?:\{argon2[^}]*\}|argon2)?\$argon2/i, 'argon2', ''],
  [/^\$2\$/, 'the first bcrypt ($2$)'],
  [/^(?:\{(?:bcrypt|blf-crypt|crypt)\}|bcrypt\$|bcrypt_sha256\$|\$wp)?\$2[abxy]\$/i, 'bcrypt', ''],
  [/^\$bcrypt-sha256\$/, 'bcrypt of passlib', ''],
  [/^\$fbscrypt\$/, 'scrypt of Firebase', ''],
  [/^(?:\$?scrypt[$:]|\{scrypt)/i, 'scrypt', ''],
  [/^[0-9a-f]{32}:[0-9a-f]+$/, 'scrypt of better-auth', ''],
  [/^(?:\$?pbkdf2[-_$:]|\{pbkdf2|\{pkcs5s2\})/i, 'PBKDF2', ''],
  [/^\{\s*".*"(?:secretData|credentialData)"/s, 'a Keycloak credential', ''],
  [/^\{\s*"/, 'a record of MAGE', 'it is malformed, or an hmac one without its key'],
  [/^\$[56]\$/, 'SHA-crypt ($5$, $6$)'],
  [/^\$(?:y|gy|7)\$/, 'yescrypt'],
  [/^\$(?:1|apr1)\$/, 'MD5-crypt'],
  [/^\$sha1\$/, 'SHA1-crypt'],
  [/^\$S\$/, 'the SHA-512 of Drupal 7'],
  [/^\$p5k2\$|^grub\.pbkdf2|^\$scram\$/, 'a PBKDF2 of another shape'],
  [/^s2:/, 'scrypt of Lucia 2'],
  [/^\*[0-9A-F]{40}$/i, 'the SHA-1 of MySQL'],
  [/^(?:sha1|md5|sha256|sha512)\$/, 'a salted digest'],
  [/^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128})$/i, 'a digest without salt'],
  [/^[./0-9A-Za-z]{13}$/, 'DES-crypt'],
]

/** Why a stored hash that does not parse is not verified, as the end of a sentence that begins with the field's name. */
export function explainUnsupported(stored: string): string {
  const [, name, hint] = FORMATS.find(([shape]) => shape.test(stored)) ?? []
  if (name === undefined) {
    return 'is of no known format; import without it and reset the password'
  }
  if (hint === undefined) {
    return `is ${name}, which is not verified here; import without it and reset the password`
  }
  const reason = hint === '' ? 'is malformed or asks for too much work' : `does not verify: ${hint}`
  return `is ${name} and ${reason}`
}
