import type { DateTimeValue, SecretText } from './lucid.ts'

/** What is taken from the application's own AdonisJS and Luxon. */
export interface Framework {
  readonly Secret: new (text: string) => SecretText
  readonly DateTime: {
    fromMillis(ms: number): DateTimeValue
    fromSQL(text: string): DateTimeValue
  }
}

// Not literals: the library compiles without these packages, which every AdonisJS application with Lucid has.
const HELPERS: string = '@adonisjs/core/helpers'
const LUXON: string = 'luxon'

let loading: Promise<Framework> | undefined

/** Loads AdonisJS's `Secret` and Luxon's `DateTime`, once. */
export function loadFramework(): Promise<Framework> {
  loading ??= (async () => {
    const [{ Secret }, { DateTime }] = await Promise.all([import(HELPERS), import(LUXON)])
    return { Secret, DateTime } as Framework
  })()
  return loading
}
