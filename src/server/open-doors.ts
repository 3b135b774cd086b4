import { LatchkeyError } from '../core/errors.ts'
import type { Door } from './door.ts'

/** A door that is open, and where. */
export interface OpenDoor {
  readonly door: Door
  /** As clients write it: `http://127.0.0.1:8080`. */
  readonly address: string
}

/**
 * Opens doors. One whose address nobody chose and which is taken is skipped, and told of with `warn`; any other that cannot be
 * opened closes those before it and throws `unavailable`, as does having none open at the end.
 */
export async function openDoors(
  doors: readonly Door[],
  warn: (message: string) => void,
): Promise<readonly OpenDoor[]> {
  const open: OpenDoor[] = []
  const skipped: string[] = []
  for (const door of doors) {
    try {
      open.push({ door, address: await door.listen() })
    } catch (error) {
      const why = reasonOf(error)
      if (isTaken(error) && !door.named) {
        skipped.push(`${door.wanted} ${why}`)
        warn(`The ${door.name} door stays closed: ${door.wanted} ${why}.`)
        continue
      }
      await drainDoors(open, 0)
      throw new LatchkeyError('unavailable', `--${door.name} ${door.wanted} ${why}.`, {
        cause: error,
      })
    }
  }
  if (open.length > 0) return open
  throw new LatchkeyError(
    'unavailable',
    `No door could be opened: ${skipped.join(', ')}. Name another address, such as --http 127.0.0.1:0.`,
  )
}

/** Drains doors together, for at most `ms`; then what is left is cut. */
export async function drainDoors(open: readonly OpenDoor[], ms: number): Promise<void> {
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(), ms)
  try {
    await Promise.all(open.map(({ door }) => door.drain(limit.signal)))
  } finally {
    clearTimeout(timer)
  }
}

function isTaken(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') return 'is in use by another program'
  if (code === 'EADDRNOTAVAIL') return 'is no address of this machine'
  if (code === 'EACCES') return 'may not be opened by this user'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'cannot be resolved to an address'
  return `cannot be opened (${code ?? message})`
}
