import { fill, type PageTexts } from './texts.ts'

/** Browsers by a part of their `User-Agent` header. The first that matches counts. */
const BROWSERS: readonly (readonly [part: RegExp, name: string])[] = [
  [/\bEdgA?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/(Chrome|Chromium|CriOS)\//, 'Chrome'],
  [/\bVersion\/.*\bSafari\//, 'Safari'],
]

const SYSTEMS: readonly (readonly [part: RegExp, name: string])[] = [
  [/\bAndroid\b/, 'Android'],
  [/\b(iPhone|iPad)\b/, 'iOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
]

const MAX_LENGTH = 60

/** Returns a name for the client of a session: its label, its browser and system, or its program. */
export function clientName(
  client: { readonly label: string | null; readonly userAgent: string | null },
  texts: PageTexts,
): string {
  const { label, userAgent } = client
  if (label !== null && label.trim() !== '') return shorten(label)
  if (userAgent === null || userAgent.trim() === '') return texts.unknownClient
  const browser = BROWSERS.find(([part]) => part.test(userAgent))?.[1]
  const system = SYSTEMS.find(([part]) => part.test(userAgent))?.[1]
  if (browser === undefined) return shorten(userAgent)
  return system === undefined ? browser : fill(texts.browserOn, { browser, system })
}

function shorten(text: string): string {
  return text.length <= MAX_LENGTH ? text : `${text.slice(0, MAX_LENGTH - 1)}…`
}
