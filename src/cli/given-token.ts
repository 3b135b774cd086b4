import { readFileSync, statSync } from 'node:fs'
import type { Command } from 'commander'
import { isToken } from '../client/session/token-file.ts'
import { LatchkeyError } from '../core/errors.ts'
import { warn } from './warn.ts'

/** Larger than any token with its line end. */
const MAX_BYTES = 16_384
const ACCESSIBLE_TO_OTHERS = 0o077

/** Where the token of a command comes from, if not from the session file. */
export type TokenSource = '--token-file' | 'LATCHKEY_TOKEN_FILE' | 'LATCHKEY_TOKEN'

/** Adds `--token-file`. */
export function addTokenFileOption(command: Command): Command {
  return command.option(
    '--token-file <FILE>',
    'read the token from this file, which may be a link and is never written (LATCHKEY_TOKEN_FILE)',
  )
}

/** Returns where a command's token is given, or null if the session file counts. */
export function tokenSourceOf(command: Command): TokenSource | null {
  const { env } = process
  if (command.opts<{ tokenFile?: string }>().tokenFile !== undefined) return '--token-file'
  if (env['LATCHKEY_TOKEN']?.trim()) return 'LATCHKEY_TOKEN'
  return env['LATCHKEY_TOKEN_FILE'] ? 'LATCHKEY_TOKEN_FILE' : null
}

/**
 * Returns the token of `--token-file`, else of `LATCHKEY_TOKEN`, else of `LATCHKEY_TOKEN_FILE`, else null. Such a token is sent to the
 * server of the command, whichever that is, and never saved. Throws `not_found` and `token_invalid` for a file without a token.
 */
export function givenToken(command: Command): string | null {
  const source = tokenSourceOf(command)
  if (source === null) return null
  const { env } = process
  if (source === 'LATCHKEY_TOKEN') return env['LATCHKEY_TOKEN']?.trim() ?? null
  const { tokenFile } = command.opts<{ tokenFile?: string }>()
  return readTokenFile(source, tokenFile ?? env['LATCHKEY_TOKEN_FILE'] ?? '')
}

function readTokenFile(source: string, file: string): string {
  let text: string
  try {
    // Links are followed: mounted secrets are links.
    const { mode, size } = statSync(file)
    if (process.getuid !== undefined && (mode & ACCESSIBLE_TO_OTHERS) !== 0) {
      warn(`${source}: ${file} can be read by other users.`)
    }
    text = size > MAX_BYTES ? '' : readFileSync(file, 'utf8').trim()
  } catch (cause) {
    throw new LatchkeyError('not_found', `${source}: ${file} cannot be read.`, { cause })
  }
  if (isToken(text)) return text
  throw new LatchkeyError('token_invalid', `${source}: ${file} holds no token.`)
}

/** Warns after a login that was saved if another token still takes precedence over the session file. */
export function warnOfPrecedence(command: Command): void {
  const source = tokenSourceOf(command)
  if (source === null || source === '--token-file') return
  warn(`${source} is set and takes precedence over this session. Run: unset ${source}`)
}
