import type { Door } from './door.ts'

/** The doors of one protocol, before they are open. */
export interface OpenedDoor {
  readonly doors: readonly Door[]
  /** Ends what would last, when the server stops; what is under way may still be answered. */
  cut(): void
  /** Lets go of the rest, once all doors are drained. */
  close(): Promise<void>
}
