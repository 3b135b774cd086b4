import type { HttpClient } from '../client/http/index.ts'
import { LatchkeyError } from '../core/errors.ts'
import { canonicalIdentity } from '../core/identity/index.ts'
import type { Actor } from '../core/index.ts'

/** Returns the actor with an id, a name or an e-mail address. Throws `not_found`. */
export async function findActor(api: HttpClient, text: string): Promise<Actor> {
  try {
    const path = `/v1/admin/actors/${encodeURIComponent(text)}`
    return (await api.request<{ actor: Actor }>('GET', path)).actor
  } catch (error) {
    if (!(error instanceof LatchkeyError) || error.code !== 'not_found') throw error
  }
  const identity = canonicalIdentity(text)
  const query = { text: identity ?? '' }
  for await (const page of api.pages<Actor>('/v1/admin/actors', 'actors', query, 10_000)) {
    const found = page.find(({ identities }) => identities.some(({ value }) => value === identity))
    if (found !== undefined) return found
  }
  throw new LatchkeyError('not_found', `There is no actor ${text}.`)
}
