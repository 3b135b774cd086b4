/**
 * Formats by their first characters: formats that are not supported, and supported ones for hashes
 * with a malformed rest.
 */
const FORMATS: readonly (readonly [shape: RegExp, name: string, hint?: string])[] = [
  [/^\$argon2.*[$,]keyid=/, 'argon2 with a key id', 'it does not contain its secret key'],
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
  [
    /^\{\s*"/,
    'a record of MAGE',
    'it is malformed, or it is an hmac record and the key is not configured',
  ],
  [/^\$[56]\$/, 'SHA-crypt ($5$, $6$)'],
  [/^\$(?:y|gy|7)\$/, 'yescrypt'],
  [/^\$(?:1|apr1)\$/, 'MD5-crypt'],
  [/^\$sha1\$/, 'SHA1-crypt'],
  [/^\$S\$/, 'the SHA-512 of Drupal 7'],
  [/^\$p5k2\$|^grub\.pbkdf2|^\$scram\$/, 'PBKDF2 in another format'],
  [/^s2:/, 'scrypt of Lucia 2'],
  [/^\*[0-9A-F]{40}$/i, 'the SHA-1 of MySQL'],
  [/^(?:sha1|md5|sha256|sha512)\$/, 'a salted digest'],
  [/^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128})$/i, 'a digest without salt'],
  [/^[./0-9A-Za-z]{13}$/, 'DES-crypt'],
]

/**
 * Returns why a stored hash is not supported, as the end of a sentence that begins with the field's
 * name.
 */
export function explainUnsupported(stored: string): string {
  const [, name, hint] = FORMATS.find(([shape]) => shape.test(stored)) ?? []
  if (name === undefined) {
    return 'is in no known format; import without it and reset the password'
  }
  if (hint === undefined) {
    return `is ${name}, which is not supported; import without it and reset the password`
  }
  const reason = hint === '' ? 'is malformed or asks for too much work' : `does not verify: ${hint}`
  return `is ${name} and ${reason}`
}
