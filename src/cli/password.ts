import { createReadStream } from 'node:fs'
import { LatchkeyError } from '../core/errors.ts'
import { usage } from './usage.ts'

const MAX_CHARS = 8192

/** Returns whether a terminal is there to prompt on. Prompts go to standard error, so that `$(latchkey login)` can prompt too. */
export function canPrompt(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true
}

/** Prompts for a missing value. Throws a usage error that names its flag if there is no terminal. */
export async function promptText(message: string, flag: string): Promise<string> {
  if (!canPrompt()) throw usage(`${flag} is missing.`)
  const { input } = await import('@inquirer/prompts')
  return input({ message, required: true }, { output: process.stderr })
}

/** How many times a prompt accepts a password. */
const TRIES = 3

/** Returns the password in a file, without its last line end (`-` is standard input), else `LATCHKEY_PASSWORD`, else null. */
export async function givenPassword(file: string | undefined): Promise<string | null> {
  if (file !== undefined) return readPasswordFile(file)
  return process.env['LATCHKEY_PASSWORD'] || null
}

/**
 * Passes a password to `prove`: that of {@link givenPassword}, once, else one that the user types at a prompt, which repeats after a
 * wrong password, three times in all.
 */
export async function provePassword<T>(
  file: string | undefined,
  prove: (password: string) => Promise<T>,
): Promise<T> {
  const given = await givenPassword(file)
  if (given !== null) return prove(given)
  for (let left = TRIES; ; left--) {
    try {
      return await prove(await readPassword(undefined, { isNew: false }))
    } catch (error) {
      const wrong = error instanceof LatchkeyError && error.code === 'credentials_invalid'
      if (!wrong || left === 1) throw error
      process.stderr.write('The password is wrong.\n')
    }
  }
}

/**
 * Returns the password of {@link givenPassword}, else one that the user types at a prompt, twice if it is new. Arguments never hold a
 * password, because every user of the machine can read them.
 */
export async function readPassword(
  file: string | undefined,
  { isNew }: { isNew: boolean },
): Promise<string> {
  const given = await givenPassword(file)
  if (given !== null) return given
  if (!canPrompt()) throw usage('--password-file is missing.')
  const { password } = await import('@inquirer/prompts')
  const context = { output: process.stderr }
  for (;;) {
    const first = await password({ message: 'Password', mask: true }, context)
    if (first === '') continue
    if (!isNew) return first
    if ((await password({ message: 'Repeat the password', mask: true }, context)) === first)
      return first
    process.stderr.write('The passwords differ.\n')
  }
}

async function readPasswordFile(file: string): Promise<string> {
  const text = (await readBytes(file)).toString('utf8').replace(/\r?\n$/, '')
  if (text === '') throw usage(`--password-file: ${file} is empty.`)
  if (text.length > MAX_CHARS) throw usage(`--password-file: ${file} is too long for a password.`)
  return text
}

// Bounded, because a device file such as /dev/zero has no end.
async function readBytes(file: string): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of file === '-' ? process.stdin : createReadStream(file)) {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes > 4 * MAX_CHARS) break
    }
  } catch (cause) {
    throw new LatchkeyError('not_found', `--password-file: ${file} cannot be read.`, { cause })
  }
  return Buffer.concat(chunks)
}
