import type { Door } from './door.ts'

/** The doors of one protocol, before they listen. */
export interface OpenedDoor {
  readonly doors: readonly Door[]
  /** Ends long-lived connections when the server stops. Requests in progress may still be answered. */
  cut(): void
  /** Frees everything else, after all doors are drained. */
  close(): Promise<void>
}
