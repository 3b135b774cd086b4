import { createReadStream } from 'node:fs'
import { LatchkeyError } from '../core/errors.ts'
import { usage } from './usage.ts'

const MAX_CHARS = 8192

/** Whether there is somebody to ask: the questions go to standard error, so that `$(latchkey login)` can ask too. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true
}

/** Asks for what is missing; throws where there is nobody to ask, naming the flag that says it. */
export async function askText(message: string, flag: string): Promise<string> {
  if (!canAsk()) throw usage(`${flag} is missing.`)
  const { input } = await import('@inquirer/prompts')
  return input({ message, required: true }, { output: process.stderr })
}

/** How often a prompt takes a wrong password. */
const TRIES = 3

/** The password of a file, whose last line end does not count (`-` is standard input), else of `LATCHKEY_PASSWORD`; null without either. */
export async function givenPassword(file: string | undefined): Promise<string | null> {
  if (file !== undefined) return readPasswordFile(file)
  return process.env['LATCHKEY_PASSWORD'] || null
}

/**
 * Proves a password: that of {@link givenPassword}, once, or else one that is asked for on a terminal, again where it was wrong, three
 * times in all.
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
      process.stderr.write('That is wrong.\n')
    }
  }
}

/**
 * The password of {@link givenPassword}, or asked for, twice where it is a new one. Never from the arguments, where every user of the
 * machine could read it.
 */
export async function readPassword(
  file: string | undefined,
  { isNew }: { isNew: boolean },
): Promise<string> {
  const given = await givenPassword(file)
  if (given !== null) return given
  if (!canAsk()) throw usage('--password-file is missing.')
  const { password } = await import('@inquirer/prompts')
  const context = { output: process.stderr }
  for (;;) {
    const first = await password({ message: 'Password', mask: true }, context)
    if (first === '') continue
    if (!isNew) return first
    if ((await password({ message: 'Once more', mask: true }, context)) === first) return first
    process.stderr.write('They differ.\n')
  }
}

async function readPasswordFile(file: string): Promise<string> {
  const text = (await readBytes(file)).toString('utf8').replace(/\r?\n$/, '')
  if (text === '') throw usage(`--password-file: ${file} is empty.`)
  if (text.length > MAX_CHARS) throw usage(`--password-file: ${file} is too long for a password.`)
  return text
}

// No further than a password can reach, for a device has no end.
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
