import { localTime, plainText } from './plain-text.ts'

/** The server’s answer with a new one-time code. */
export interface NewCode {
  readonly code: string
  readonly expiresAt: number
  /** The page that takes the code, if the server has a public URL. */
  readonly link?: string
}

/** Returns the lines that tell how a one-time code is used: by its link, or by a command. */
export function linesOfCode({ code, expiresAt, link }: NewCode, command: string): string {
  const until = `The code is good for one use until ${localTime(expiresAt)}.`
  const page = link === undefined ? '' : `Link: ${plainText(link)}\n`
  return `${page}Command: ${command.replace('CODE', code)}\n${until}\n`
}
