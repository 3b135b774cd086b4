/** The groups of operations, in the order of the reference. */
export const TAGS = [
  { name: 'Sessions', description: 'Log in, check, renew, list and end sessions.' },
  { name: 'Account', description: 'Register, and manage one’s own account.' },
  { name: 'Devices', description: 'Log a device without a keyboard in, after an approval.' },
  { name: 'Tokens', description: 'Check tokens for another server.' },
  { name: 'Impersonation', description: 'Act as another actor.' },
  { name: 'OAuth', description: 'The endpoints for OAuth clients: forms in, JSON out.' },
  { name: 'Application', description: 'The commands of the application.' },
  { name: 'Administration', description: 'Actors, sessions, settings, clients and keys.' },
] as const

/** The name of a group. */
export type TagName = (typeof TAGS)[number]['name']

const BY_PREFIX: readonly (readonly [prefix: RegExp, tag: TagName])[] = [
  [/^admin\./, 'Administration'],
  [/^sessions?\.introspect$|^keys\./, 'Tokens'],
  [/^sessions?\./, 'Sessions'],
  [/^device\./, 'Devices'],
  [/^impersonation\./, 'Impersonation'],
]

/** Returns the group of a built-in command. */
export function tagOf(command: string): TagName {
  return BY_PREFIX.find(([prefix]) => prefix.test(command))?.[1] ?? 'Account'
}
