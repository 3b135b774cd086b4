import { plainText } from './plain-text.ts'

/** Prints a warning on standard error. */
export function warn(message: string): void {
  process.stderr.write(`latchkey: warning: ${plainText(message)}\n`)
}
