import type { SessionRecord } from '../../session/record.ts'

const PREFIX = 'oauth:'

/** Returns the label of the sessions of a client. It never changes, so a session belongs to one client. */
export function groupOfClient(clientId: string): string {
  return PREFIX + clientId
}

/** Returns the id of the client that a session was issued to; null for any other session. */
export function clientIdOf({ group }: Pick<SessionRecord, 'group'>): string | null {
  return group?.startsWith(PREFIX) === true ? group.slice(PREFIX.length) : null
}
