import { clearTimeout, setTimeout } from 'node:timers'
import { LatchkeyError } from '../core/errors.ts'
import type { Door } from './door.ts'

/** An open door. */
export interface OpenDoor {
  readonly door: Door
  /** Its address as clients write it: `http://127.0.0.1:8080`. */
  readonly address: string
}

/**
 * Opens doors. A door is skipped with a warning where its default address is taken. Any other failure closes the doors that are open and
 * throws `unavailable`, and so does an empty result.
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

/** Drains doors at once. After `ms` milliseconds the rest of the connections are closed. */
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
