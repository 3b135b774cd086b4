import { readFile } from 'node:fs/promises'
import { LatchkeyError } from '../core/errors.ts'
import { usage } from './client-options.ts'

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

/**
 * The password: from a file, whose last line end does not count (`-` is standard input), or asked for, twice where it is a new one.
 * Never from the arguments, where every user of the machine could read it.
 */
export async function readPassword(
  file: string | undefined,
  { isNew }: { isNew: boolean },
): Promise<string> {
  if (file !== undefined) return readPasswordFile(file)
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

async function readBytes(file: string): Promise<Buffer> {
  if (file !== '-') {
    try {
      return await readFile(file)
    } catch (cause) {
      throw new LatchkeyError('not_found', `--password-file: ${file} cannot be read.`, { cause })
    }
  }
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of process.stdin) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > 4 * MAX_CHARS) break
  }
  return Buffer.concat(chunks)
}
