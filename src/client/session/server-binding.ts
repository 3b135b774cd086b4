/** The server that a saved token belongs to. */
export interface ServerBinding {
  /** The URL of the server, or `agent` for the agent of this user and machine. */
  readonly server: string
  /** The SHA-256 of its CA certificates, in hexadecimal; null for those of the system. */
  readonly ca: string | null
}

/** The binding of a token that was saved without one: the agent of this user and machine. */
export const AGENT_BINDING: ServerBinding = { server: 'agent', ca: null }

/** Returns whether two bindings name the same server. */
export function isSameServer(one: ServerBinding, other: ServerBinding): boolean {
  return one.server === other.server && one.ca === other.ca
}

/** Parses the text of a binding. Returns one that no server has for any other text. */
export function parseBinding(text: string): ServerBinding {
  try {
    const { server, ca } = JSON.parse(text) as Record<string, unknown>
    if (typeof server === 'string' && (ca === null || typeof ca === 'string')) return { server, ca }
  } catch {
    // Not JSON.
  }
  return { server: '', ca: null }
}
