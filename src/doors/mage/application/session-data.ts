import {
  type Authenticated,
  type Authority,
  LatchkeyError,
  type SessionDataView,
} from '../../../core/index.ts'

/** The part of a MAGE session that the application controls, stored in the data of the session under the key `mage`. */
export interface MageSessionData {
  readonly language: string
  /** The application's version when the session was created. */
  readonly version: string | null
  /** The values that the application attached, without the access tags. */
  readonly meta: Readonly<Record<string, unknown>>
}

const DEFAULT_DATA: MageSessionData = { language: 'en', version: null, meta: {} }

const KEY = 'mage'
const MAX_ATTEMPTS = 5

/** Returns the MAGE data of a session; the defaults where nothing was saved. */
export async function findSessionData(
  { sessions }: Authority,
  current: Authenticated,
): Promise<MageSessionData> {
  return mageDataIn(await sessions.findData(current))
}

/**
 * Changes the MAGE data of a session by one conditional write, and retries up to four times when another write came first. Throws
 * `conflict` after that.
 */
export async function saveSessionData(
  { sessions }: Authority,
  current: Authenticated,
  change: (data: MageSessionData) => MageSessionData,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const data = await sessions.findData(current)
    const value = { ...asRecord(data.value), [KEY]: change(mageDataIn(data)) }
    try {
      await sessions.saveData(current, { value, version: data.version })
      return
    } catch (error) {
      const isConflict = error instanceof LatchkeyError && error.code === 'conflict'
      if (!isConflict || attempt === MAX_ATTEMPTS) throw error
    }
  }
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {}
}

function mageDataIn({ value }: SessionDataView): MageSessionData {
  const { language, version, meta } = asRecord(asRecord(value)[KEY])
  if (language === undefined) return DEFAULT_DATA
  return {
    language: String(language),
    version: typeof version === 'string' ? version : null,
    meta: asRecord(meta),
  }
}
