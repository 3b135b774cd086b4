import assert from 'node:assert/strict'
import { actorRecord, auditEntry, createdSession, identity, START } from './records.ts'
import type { StoreCase } from './store-case.ts'

const identities = (...values: readonly string[]) => values.map(identity)

/** Actors, identities and credentials. */
export const actorCases: readonly StoreCase[] = [
  {
    name: 'actors: are found by id and by each identity, unchanged',
    async run({ store: { directory } }) {
      const actor = actorRecord({
        identities: identities('ümlaut', 'a@example.org'),
        name: 'O’Hara\u0000',
      })
      assert.equal(await directory.create(actor, '$argon2id$…'), true)
      const found = { actor, passwordHash: '$argon2id$…', epoch: 0 }
      assert.deepEqual(await directory.find(actor.id), found)
      assert.deepEqual(await directory.findByIdentity('ümlaut'), found)
      assert.deepEqual(await directory.findByIdentity('a@example.org'), found)
      assert.equal(await directory.findByIdentity('Ümlaut'), null)
      assert.equal(await directory.findByIdentity(''), null)
      assert.equal(await directory.find('missing'), null)
      const service = actorRecord({ identities: [], roles: [], anonymous: true })
      assert.equal(await directory.create(service, null), true)
      assert.deepEqual(await directory.find(service.id), {
        actor: service,
        passwordHash: null,
        epoch: 0,
      })
    },
  },
  {
    name: 'actors: stored and returned records are copies',
    async run({ store: { directory } }) {
      const roles = ['user']
      const actor = actorRecord({ roles })
      const creation = directory.create(actor, null)
      roles.push('admin')
      await creation
      const found = await directory.find(actor.id)
      assert.deepEqual(found?.actor.roles, ['user'])
      Object.assign(found?.actor ?? {}, { status: 'suspended' })
      Object.assign(found?.actor.roles ?? [], { 0: 'admin' })
      const again = await directory.find(actor.id)
      assert.deepEqual([again?.actor.status, again?.actor.roles], ['active', ['user']])
    },
  },
  {
    name: 'actors: of 20 simultaneous registrations of one identity exactly one succeeds',
    async run({ store: { directory, audit } }) {
      const actors = Array.from({ length: 20 }, (_, index) =>
        actorRecord({ identities: identities(`own-${index}`, 'wanted') }),
      )
      const wins = await Promise.all(
        actors.map((actor, index) =>
          directory.create(actor, `hash ${index}`, { audit: auditEntry({ act: 'actor_created' }) }),
        ),
      )
      assert.equal(wins.filter(Boolean).length, 1)
      const winner = wins.indexOf(true)
      assert.equal((await directory.findByIdentity('wanted'))?.passwordHash, `hash ${winner}`)
      assert.equal((await directory.search({ limit: 100 })).items.length, 1)
      for (const [index, actor] of actors.entries()) {
        if (index === winner) continue
        assert.equal(await directory.find(actor.id), null)
        assert.equal(await directory.findByIdentity(`own-${index}`), null)
      }
      assert.equal((await audit.list({ limit: 100 })).items.length, 1)
    },
  },
  {
    name: 'actors: an id is unique',
    async run({ store: { directory } }) {
      const actor = actorRecord({ identities: identities('twice') })
      assert.equal(await directory.create(actor, null), true)
      assert.equal(await directory.create({ ...actor, identities: identities('new') }, null), false)
      assert.equal(await directory.findByIdentity('new'), null)
    },
  },
  {
    name: 'actors: a password is replaced only if the expected one is stored',
    async run({ store: { directory, audit } }) {
      const actor = actorRecord()
      const options = { audit: auditEntry({ act: 'password_changed' }) }
      await directory.create(actor, null)
      assert.equal(await directory.setPassword(actor.id, 'first', 'guess', options), false)
      assert.equal(await directory.setPassword(actor.id, 'first', null, options), true)
      assert.equal(await directory.setPassword(actor.id, 'other', null, options), false)
      assert.equal(await directory.setPassword('missing', 'other', null, options), false)
      const wins = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          directory.setPassword(actor.id, `next ${index}`, 'first', options),
        ),
      )
      assert.equal(wins.filter(Boolean).length, 1)
      assert.equal((await directory.find(actor.id))?.passwordHash, `next ${wins.indexOf(true)}`)
      assert.equal((await audit.list({ limit: 100 })).items.length, 2)
    },
  },
  {
    name: 'actors: an update changes the given fields and returns the actor',
    async run({ store: { directory, audit } }) {
      const actor = actorRecord()
      await directory.create(actor, 'hash')
      const options = { audit: auditEntry({ act: 'roles_changed' }) }
      const suspended = { ...actor, status: 'suspended' }
      assert.deepEqual(await directory.update(actor.id, { status: 'suspended' }), suspended)
      const changed = { ...suspended, name: 'Zoë', roles: [] }
      assert.deepEqual(
        await directory.update(actor.id, { name: 'Zoë', roles: [] }, options),
        changed,
      )
      assert.deepEqual(await directory.update(actor.id, {}), changed)
      assert.deepEqual(await directory.find(actor.id), {
        actor: changed,
        passwordHash: 'hash',
        epoch: 0,
      })
      assert.equal(await directory.update('missing', { name: 'x' }, options), null)
      assert.equal((await directory.search({ text: 'ZOË', limit: 10 })).items.length, 1)
      assert.equal((await audit.list({ limit: 100 })).items.length, 1)
    },
  },
  {
    name: 'actors: new identities replace the old ones, which other actors may take then',
    async run({ store: { directory, audit } }) {
      const options = { audit: auditEntry({ act: 'actor_updated' }) }
      const actor = actorRecord({ identities: identities('ada', 'ada@example.org') })
      await directory.create(actor, 'hash')
      const next = { name: 'Zoë', identities: identities('zoë', 'ada@example.org') }
      assert.equal(
        await directory.setIdentities(
          actor.id,
          { ...next, now: START },
          identities('ada'),
          options,
        ),
        'changed',
      )
      assert.equal(
        await directory.setIdentities('missing', { ...next, now: START }, [], options),
        'changed',
      )
      const had = actor.identities
      assert.equal(
        await directory.setIdentities(actor.id, { ...next, now: START }, had, options),
        'ok',
      )
      const found = { actor: { ...actor, ...next }, passwordHash: 'hash', epoch: 0 }
      for (const { value } of next.identities) {
        assert.deepEqual(await directory.findByIdentity(value), found)
      }
      assert.equal(await directory.findByIdentity('ada'), null)
      assert.equal((await directory.search({ text: 'ZOË', limit: 10 })).items.length, 1)
      assert.equal(
        await directory.create(actorRecord({ identities: identities('ada') }), null),
        true,
      )
      assert.equal(
        await directory.setIdentities(actor.id, { ...next, now: START }, had, options),
        'changed',
      )
      const none = { name: 'Zoë', identities: [] }
      assert.equal(
        await directory.setIdentities(actor.id, { ...none, now: START }, next.identities),
        'ok',
      )
      assert.equal(await directory.findByIdentity('ada@example.org'), null)
      assert.equal((await audit.list({ limit: 100 })).items.length, 1)
    },
  },
  {
    name: 'actors: if one identity is taken nothing is written',
    async run({ store: { directory, audit } }) {
      const other = actorRecord({ identities: identities('taken@example.org') })
      const actor = actorRecord({ identities: identities('ada') })
      for (const each of [other, actor]) await directory.create(each, null)
      const next = { name: 'Zoë', identities: identities('zoë', 'taken@example.org') }
      const options = { audit: auditEntry({ act: 'actor_updated' }) }
      assert.equal(
        await directory.setIdentities(
          actor.id,
          { ...next, now: START },
          identities('ada'),
          options,
        ),
        'taken',
      )
      assert.deepEqual((await directory.findByIdentity('ada'))?.actor, actor)
      assert.deepEqual((await directory.findByIdentity('taken@example.org'))?.actor, other)
      assert.equal(await directory.findByIdentity('zoë'), null)
      assert.deepEqual((await audit.list({ limit: 10 })).items, [])
    },
  },
  {
    name: 'actors: of 20 requests for one identity, registrations and updates, exactly one succeeds',
    async run({ store: { directory } }) {
      const actors = Array.from({ length: 20 }, () => actorRecord())
      const existing = actors.slice(0, 10)
      for (const actor of existing) await directory.create(actor, null)
      const wins = await Promise.all(
        actors.map(async (actor, index) => {
          const wanted = identities('wanted', `own-${index}`)
          if (index >= 10) return directory.create({ ...actor, identities: wanted }, null)
          const next = { name: actor.name, identities: wanted, now: START }
          return (await directory.setIdentities(actor.id, next, actor.identities)) === 'ok'
        }),
      )
      assert.equal(wins.filter(Boolean).length, 1)
      const winner = wins.indexOf(true)
      assert.equal((await directory.findByIdentity('wanted'))?.actor.id, actors[winner]?.id)
      for (const [index, actor] of existing.entries()) {
        const own = await directory.findByIdentity(`own-${index}`)
        assert.equal(own?.actor.id, index === winner ? actor.id : undefined)
      }
    },
  },
  {
    name: 'actors: of 20 simultaneous changes of one actor exactly one succeeds, completely',
    async run({ store: { directory } }) {
      const actor = actorRecord({ identities: identities('ada') })
      await directory.create(actor, null)
      const wins = await Promise.all(
        Array.from({ length: 20 }, (_, index) => {
          const next = {
            name: `Ada ${index}`,
            identities: identities(`ada ${index}`, `${index}@example.org`),
          }
          return directory.setIdentities(actor.id, { ...next, now: START }, identities('ada'))
        }),
      )
      assert.equal(wins.filter((outcome) => outcome === 'ok').length, 1)
      assert.equal(wins.filter((outcome) => outcome === 'changed').length, 19)
      const winner = wins.indexOf('ok')
      assert.equal((await directory.find(actor.id))?.actor.name, `Ada ${winner}`)
      for (let index = 0; index < 20; index++) {
        const found = await directory.findByIdentity(`${index}@example.org`)
        assert.equal(found?.actor.id, index === winner ? actor.id : undefined)
      }
    },
  },
  {
    name: 'actors: a deleted actor is removed with its identities, and no login that began before creates a session',
    async run({ store: { directory, sessions, audit } }) {
      const actor = actorRecord({ identities: identities('ada') })
      await directory.create(actor, 'hash')
      const { owner } = await sessions.findEpochs(actor.id)
      const options = { audit: auditEntry({ act: 'actor_updated' }) }
      assert.equal(await directory.delete(actor.id, options), true)
      assert.equal(await directory.delete(actor.id, options), false)
      assert.equal(await directory.find(actor.id), null)
      assert.equal(await directory.findByIdentity('ada'), null)
      assert.ok((await sessions.findEpochs(actor.id)).owner > owner)
      assert.equal((await audit.list({ limit: 10 })).items.length, 1)
      assert.equal(
        await directory.create(actorRecord({ identities: identities('ada') }), null),
        true,
      )
    },
  },
  {
    name: 'actors: a credential and the epoch change in one step, and kept sessions stay live',
    needs: 'oneEngine',
    async run({ store: { directory, sessions } }) {
      const actor = actorRecord()
      await directory.create(actor, 'one')
      const kept = await createdSession(sessions, { owner: actor.id })
      const other = await createdSession(sessions, { owner: actor.id })
      const options = { raiseEpoch: true, keep: { session: kept.id } }
      assert.equal(await directory.setPassword(actor.id, 'two', 'guess', options), false)
      assert.equal((await directory.find(actor.id))?.epoch, 0)
      assert.equal(await directory.setPassword(actor.id, 'two', 'one', options), true)
      assert.equal((await directory.find(actor.id))?.epoch, 1)
      const live = async () =>
        (await sessions.list({ now: START, owner: actor.id, limit: 10 })).items.map(({ id }) => id)
      assert.deepEqual(await live(), [kept.id])
      assert.equal((await sessions.find(other.id))?.endedAt, null)
      await directory.update(actor.id, { status: 'suspended' }, { raiseEpoch: true, keep: 'all' })
      assert.deepEqual(await live(), [kept.id])
      await directory.update(actor.id, { status: 'active' }, { raiseEpoch: true })
      assert.deepEqual(await live(), [])
      assert.equal((await directory.find(actor.id))?.epoch, 3)
    },
  },
  {
    name: 'actors: a search matches the text literally, without case, or a whole id',
    async run({ store: { directory } }) {
      const percent = actorRecord({ name: '100% Ärger', identities: identities('straße_1') })
      const plain = actorRecord({
        name: '1000 Arger',
        identities: identities('strasse-1', 'b@example.org'),
      })
      for (const actor of [percent, plain]) await directory.create(actor, null)
      const search = async (text: string) =>
        (await directory.search({ text, limit: 10 })).items.map(({ id }) => id)
      assert.deepEqual(await search('100%'), [percent.id])
      assert.deepEqual(await search('e_1'), [percent.id])
      assert.deepEqual(await search('äRGER'), [percent.id])
      assert.deepEqual(await search('EXAMPLE.ORG'), [plain.id])
      assert.deepEqual(await search('100'), [percent.id, plain.id])
      assert.deepEqual(await search(plain.id), [plain.id])
      assert.deepEqual(await search(plain.id.slice(1)), [])
      assert.deepEqual(await search("'"), [])
      assert.deepEqual(await search('\\'), [])
    },
  },
  {
    name: 'actors: a search filters by role and status and pages oldest first',
    async run({ store: { directory } }) {
      const actors = Array.from({ length: 7 }, (_, index) =>
        actorRecord({
          roles: index % 2 ? ['user', 'admin'] : ['administrator'],
          status: index < 2 ? 'suspended' : 'active',
        }),
      )
      for (const actor of actors) await directory.create(actor, null)
      const admins = await directory.search({ role: 'admin', limit: 10 })
      assert.deepEqual(
        admins.items,
        actors.filter((_, index) => index % 2),
      )
      const suspended = await directory.search({ status: 'suspended', limit: 10 })
      assert.deepEqual(suspended, { items: actors.slice(0, 2) })
      const seen: unknown[] = []
      let after: string | undefined
      do {
        const page = await directory.search({ limit: 3, ...(after ? { after } : {}) })
        seen.push(...page.items)
        after = page.next
      } while (after !== undefined)
      assert.deepEqual(seen, actors)
    },
  },
]
