import { LatchkeyError, type Refusal, refuse } from '../../errors.ts'
import { hashSecret, randomText, sameDigest } from '../../token/secret.ts'
import { type AuthorityContext, type CallOptions, settle } from '../context.ts'
import { endSessions } from '../sessions/revoke.ts'
import {
  type ClientOptions,
  type ConfiguredClient,
  checkClientSecret,
  completeClient,
  type OAuthClient,
  type StoredClient,
} from './client.ts'
import { groupOfClient } from './client-sessions.ts'

const KEY = 'oauth-clients'
const MAX_CLIENTS = 200
const UNKNOWN = refuse('credentials_invalid', 'The client is unknown or its secret is wrong.')

/** Returns the configured clients, checked. Throws `invalid_request` for a wrong registration. */
export function readConfigured(clients: readonly ConfiguredClient[]): readonly StoredClient[] {
  const seen = new Set<string>()
  return clients.map(({ secret, ...options }) => {
    if (seen.has(options.id)) {
      throw new LatchkeyError('invalid_request', `The client ${options.id} is configured twice.`)
    }
    seen.add(options.id)
    if (secret !== undefined) checkClientSecret(secret)
    const client = completeClient(options, { confidential: secret !== undefined, configured: true })
    return { client, secretHash: secret === undefined ? null : hashSecret(secret) }
  })
}

/** The clients of one authority: those of the configuration, and those registered by a command. */
export class ClientRegistry {
  readonly #context: AuthorityContext
  readonly #configured: readonly StoredClient[]

  constructor(context: AuthorityContext, configured: readonly StoredClient[]) {
    this.#context = context
    this.#configured = configured
    for (const { client } of configured) context.codec(client.format)
  }

  async list(options: CallOptions): Promise<readonly OAuthClient[]> {
    const { stored } = await this.#read(options)
    return [...this.#configured, ...this.#visible(stored)].map(({ client }) => client)
  }

  async authenticate(
    { id, secret }: { readonly id: string; readonly secret: string | null },
    options: CallOptions,
  ): Promise<{ ok: true; client: OAuthClient } | Refusal> {
    return settle(async () => {
      const { stored } = await this.#read(options)
      const found = [...this.#configured, ...stored].find(({ client }) => client.id === id)
      if (found === undefined) return UNKNOWN
      const { client, secretHash } = found
      if (secretHash === null || secret === null) {
        return secretHash === secret ? { ok: true, client } : UNKNOWN
      }
      return sameDigest(hashSecret(secret), secretHash) ? { ok: true, client } : UNKNOWN
    })
  }

  async register(
    registration: ClientOptions & { readonly confidential?: boolean },
    options: CallOptions,
  ): Promise<{ ok: true; client: OAuthClient; secret: string | null } | Refusal> {
    return settle(async () => {
      const { confidential = false, ...rest } = registration
      const client = completeClient(rest, { confidential, configured: false })
      this.#context.codec(client.format)
      const secret = confidential ? `lkc_${randomText(43)}` : null
      const secretHash = secret === null ? null : hashSecret(secret)
      if (this.#isConfigured(client.id)) return taken(client.id)
      const refused = await this.#change(options, (stored) => {
        if (stored.some((other) => other.client.id === client.id)) return taken(client.id)
        if (stored.length < MAX_CLIENTS) return [...stored, { client, secretHash }]
        return refuse('conflict', `At most ${MAX_CLIENTS} clients can be registered.`)
      })
      if (refused !== null) return refused
      await this.#audit('client_registered', client.id, options)
      return { ok: true, client, secret }
    })
  }

  async remove(id: string, options: CallOptions): Promise<{ ok: true; ended: number } | Refusal> {
    return settle(async () => {
      if (this.#isConfigured(id)) {
        return refuse('invalid_request', 'This client is in the configuration. Remove it there.')
      }
      const refused = await this.#change(options, (stored) => {
        const rest = stored.filter(({ client }) => client.id !== id)
        return rest.length < stored.length ? rest : refuse('not_found', 'There is no such client.')
      })
      if (refused !== null) return refused
      await this.#audit('client_removed', id, options)
      return { ok: true, ended: await this.#endSessions(id, options) }
    })
  }

  async #endSessions(id: string, options: CallOptions): Promise<number> {
    const which = { group: groupOfClient(id), matching: true } as const
    let count = 0
    for (;;) {
      const ended = await endSessions(this.#context, which, options)
      count += ended.length
      if (ended.length === 0) return count
    }
  }

  #isConfigured(id: string): boolean {
    return this.#configured.some(({ client }) => client.id === id)
  }

  // A client of the configuration replaces one of the same id that was registered before.
  #visible(stored: readonly StoredClient[]): readonly StoredClient[] {
    return stored.filter(({ client }) => !this.#isConfigured(client.id))
  }

  async #read(options: CallOptions): Promise<{ stored: readonly StoredClient[]; version: number }> {
    const now = this.#context.now(options)
    const { documents } = this.#context.store
    const found = await this.#context.ask(() => documents.find(KEY, now), options.signal)
    if (found === null) return { stored: [], version: 0 }
    return { stored: JSON.parse(found.value) as StoredClient[], version: found.version }
  }

  /** Replaces the stored clients by the result of `next`, which is called again after a lost race. */
  async #change(
    options: CallOptions,
    next: (stored: readonly StoredClient[]) => readonly StoredClient[] | Refusal,
  ): Promise<Refusal | null> {
    const { documents } = this.#context.store
    for (;;) {
      const { stored, version } = await this.#read(options)
      const changed = next(stored)
      if ('code' in changed) return changed
      const writing = { now: this.#context.now(options), expectedVersion: version }
      const text = JSON.stringify(changed)
      const saved = await this.#context.ask(() => documents.save(KEY, text, writing))
      if (saved !== null) return null
    }
  }

  async #audit(
    act: 'client_registered' | 'client_removed',
    client: string,
    options: CallOptions,
  ): Promise<void> {
    const facts = { actor: options.by ?? null, detail: { client } }
    const entry = this.#context.entry(act, 'ok', facts, options)
    await this.#context.ask(() => this.#context.store.audit.append([entry]))
  }
}

function taken(id: string): Refusal {
  return refuse('conflict', `The client ${id} is registered already.`)
}
