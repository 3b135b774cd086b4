import type { StoredData } from '../../ports/index.ts'
import type { CacheEntry } from './coherent-cache.ts'

/** The cached data of a session, as the stored JSON text; `version` is 0 if there is none. */
export class DataEntry implements CacheEntry {
  used = false
  readonly value: string
  readonly version: number

  constructor(stored: StoredData | null) {
    this.value = stored?.value ?? 'null'
    this.version = stored?.version ?? 0
  }

  get weight(): number {
    return 160 + 2 * this.value.length
  }
}
