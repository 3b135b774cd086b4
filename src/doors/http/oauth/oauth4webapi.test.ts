import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import * as oauth from 'oauth4webapi'
import { PASSWORD } from '../../../../test/support/http-door.ts'
import { CLIENT_SECRET, type OAuthFixture, openOAuth } from '../../../../test/support/oauth.ts'

const insecure = { [oauth.allowInsecureRequests]: true }

interface Client {
  readonly client: oauth.Client
  readonly auth: oauth.ClientAuth
}

const KETTLE: Client = { client: { client_id: 'kettle' }, auth: oauth.None() }
const ONCE: Client = { client: { client_id: 'once' }, auth: oauth.None() }
const BY_BASIC: Client = {
  client: { client_id: 'backend' },
  auth: oauth.ClientSecretBasic(CLIENT_SECRET),
}
const BY_POST: Client = {
  client: { client_id: 'backend' },
  auth: oauth.ClientSecretPost(CLIENT_SECRET),
}

/** The steps of one client, each by the library. */
class Steps {
  readonly as: oauth.AuthorizationServer
  readonly #by: Client

  constructor(as: oauth.AuthorizationServer, by: Client) {
    this.as = as
    this.#by = by
  }

  async start(parameters: Record<string, string> = {}): Promise<oauth.DeviceAuthorizationResponse> {
    const { client, auth } = this.#by
    const { as } = this
    const response = await oauth.deviceAuthorizationRequest(as, client, auth, parameters, insecure)
    return oauth.processDeviceAuthorizationResponse(as, client, response)
  }

  async poll(deviceCode: string): Promise<oauth.TokenEndpointResponse> {
    const { client, auth } = this.#by
    const response = await oauth.deviceCodeGrantRequest(this.as, client, auth, deviceCode, insecure)
    return oauth.processDeviceCodeResponse(this.as, client, response)
  }

  async refresh(token: string | undefined): Promise<oauth.TokenEndpointResponse> {
    const { client, auth } = this.#by
    const { as } = this
    const response = await oauth.refreshTokenGrantRequest(as, client, auth, token ?? '', insecure)
    return oauth.processRefreshTokenResponse(as, client, response)
  }

  async revoke(token: string | undefined): Promise<void> {
    const { client, auth } = this.#by
    const response = await oauth.revocationRequest(this.as, client, auth, token ?? '', insecure)
    await oauth.processRevocationResponse(response)
  }

  async introspect(token: string): Promise<oauth.IntrospectionResponse> {
    const { client, auth } = this.#by
    const response = await oauth.introspectionRequest(this.as, client, auth, token, insecure)
    return oauth.processIntrospectionResponse(this.as, client, response)
  }
}

async function discover(issuer: URL): Promise<oauth.AuthorizationServer> {
  const options = { algorithm: 'oauth2', ...insecure } as const
  return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options))
}

async function openSteps(t: TestContext, by: Client = KETTLE) {
  const opened = await openOAuth(t)
  return { ...opened, steps: new Steps(await discover(opened.issuer), by) }
}

async function granted({ steps, approve }: { steps: Steps; approve: OAuthFixture['approve'] }) {
  const { device_code, user_code } = await steps.start()
  await approve(user_code)
  return steps.poll(device_code)
}

function refusedWith(error: string, status = 400) {
  return (thrown: unknown) => {
    assert.ok(thrown instanceof oauth.ResponseBodyError, String(thrown))
    assert.deepEqual([thrown.error, thrown.status], [error, status])
    return true
  }
}

test('the metadata of the server and of its resource are found and name each other', async (t) => {
  const { issuer } = await openOAuth(t)
  const as = await discover(issuer)
  assert.equal(as.token_endpoint, `${issuer.origin}/oauth/token`)
  const resource = await oauth.processResourceDiscoveryResponse(
    issuer,
    await oauth.resourceDiscoveryRequest(issuer, insecure),
  )
  assert.deepEqual(resource.authorization_servers, [as.issuer])
  const keys = await fetch(String(as.jwks_uri))
  assert.equal(((await keys.json()) as { keys: unknown[] }).keys.length, 1)
})

test('the device grant is pending, slowed down and then granted, once', async (t) => {
  const { steps, approve, fixture } = await openSteps(t)
  const { clock } = fixture
  const started = await steps.start({ scope: 'poet' })
  const { device_code, user_code, interval, expires_in } = started
  assert.deepEqual([interval, expires_in], [5, 600])
  assert.equal(started.verification_uri, `${steps.as.issuer}/oauth/device`)
  assert.equal(
    started.verification_uri_complete,
    `${started.verification_uri}?user_code=${user_code}`,
  )
  const poll = () => steps.poll(device_code)
  await assert.rejects(poll(), refusedWith('authorization_pending'))
  await assert.rejects(poll(), refusedWith('slow_down'))
  clock.advance(10_000)
  await assert.rejects(poll(), refusedWith('authorization_pending'))
  await approve(user_code)
  clock.advance(10_000)
  const tokens = await poll()
  assert.deepEqual([tokens.token_type, tokens.scope], ['bearer', 'poet'])
  assert.equal(tokens.expires_in, 31 * 24 * 3600)
  const me = await fixture.ask('GET /v1/session', { token: tokens.access_token })
  assert.deepEqual((me.body['session'] as { roles: string[] }).roles, ['poet'])
  await assert.rejects(poll(), refusedWith('invalid_grant'))
})

test('a denied and an expired device grant have their own errors', async (t) => {
  const { steps, deny, fixture } = await openSteps(t)
  const [denied, expired] = [await steps.start(), await steps.start()]
  await deny(denied.user_code)
  await assert.rejects(steps.poll(denied.device_code), refusedWith('access_denied'))
  fixture.clock.advance(600_000)
  await assert.rejects(steps.poll(expired.device_code), refusedWith('expired_token'))
  await assert.rejects(steps.poll('lkd_unknown'), refusedWith('invalid_grant'))
})

test('a refresh rotates both tokens; a lost answer is repeated, a replay ends the session', async (t) => {
  const opened = await openSteps(t)
  const { steps, fixture } = opened
  const first = await granted(opened)
  const second = await steps.refresh(first.refresh_token)
  assert.notEqual(second.access_token, first.access_token)
  const again = await steps.refresh(first.refresh_token)
  assert.deepEqual(
    [again.access_token, again.refresh_token],
    [second.access_token, second.refresh_token],
  )
  const active = async (token: string) =>
    (await fixture.ask('GET /v1/session', { token })).status === 200
  assert.deepEqual(
    [await active(first.access_token), await active(second.access_token)],
    [false, true],
  )
  const third = await steps.refresh(second.refresh_token)
  await assert.rejects(steps.refresh(first.refresh_token), refusedWith('invalid_grant'))
  assert.equal(await active(third.access_token), false)
  await assert.rejects(steps.refresh(third.refresh_token), refusedWith('invalid_grant'))
})

test('each of the two tokens can be revoked, and ends the session', async (t) => {
  const opened = await openSteps(t)
  const { steps, fixture } = opened
  for (const which of ['access_token', 'refresh_token'] as const) {
    const tokens = await granted(opened)
    await steps.revoke(tokens[which])
    const reply = await fixture.ask('GET /v1/session', { token: tokens.access_token })
    assert.equal(reply.body['code'], 'session_revoked')
    await assert.rejects(steps.refresh(tokens.refresh_token), refusedWith('invalid_grant'))
    await steps.revoke(tokens[which])
  }
  await steps.revoke('unknown')
})

for (const [method, by] of [
  ['client_secret_basic', BY_BASIC],
  ['client_secret_post', BY_POST],
] as const) {
  test(`a confidential client does every step by ${method}`, async (t) => {
    const opened = await openSteps(t, by)
    const { steps } = opened
    const first = await granted(opened)
    const second = await steps.refresh(first.refresh_token)
    const { active, sub, client_id, scope } = await steps.introspect(second.access_token)
    assert.deepEqual([active, client_id, scope], [true, 'backend', 'user'])
    assert.equal(typeof sub, 'string')
    await steps.revoke(second.access_token)
    assert.deepEqual(await steps.introspect(second.access_token), { active: false })
  })
}

test('a client can do no more than it is registered for', async (t) => {
  const opened = await openSteps(t, ONCE)
  const { steps } = opened
  await assert.rejects(steps.start({ scope: 'admin' }), refusedWith('invalid_scope'))
  await assert.rejects(steps.start({ scope: '*' }), refusedWith('invalid_scope'))
  const tokens = await granted(opened)
  assert.deepEqual([tokens.refresh_token, tokens.scope], [undefined, 'user'])
  await assert.rejects(steps.refresh('lkr_x'), refusedWith('unauthorized_client'))
  await assert.rejects(
    steps.introspect(tokens.access_token),
    refusedWith('unauthorized_client', 403),
  )
  const kettle = new Steps(steps.as, KETTLE)
  const { device_code } = await steps.start()
  await assert.rejects(kettle.poll(device_code), refusedWith('invalid_grant'))
  await assert.rejects(kettle.revoke(tokens.access_token), refusedWith('invalid_grant'))
  const others = await granted({ steps: kettle, approve: opened.approve })
  const backend = new Steps(steps.as, BY_BASIC)
  await assert.rejects(backend.refresh(others.refresh_token), refusedWith('invalid_grant'))
  await kettle.refresh(others.refresh_token)
})

test('the session of a client cannot manage the account of its actor', async (t) => {
  const opened = await openSteps(t)
  const { fixture } = opened
  const { access_token: token } = await granted(opened)
  const status = async (what: string, body?: object) =>
    (await fixture.ask(what, { token, ...(body === undefined ? {} : { body }) })).status
  assert.equal(await status('GET /v1/session'), 200)
  assert.equal(await status('GET /v1/sessions'), 403)
  assert.equal(await status('POST /v1/session/step-up', { password: PASSWORD }), 403)
  assert.equal(await status('POST /v1/password', { current: PASSWORD, next: 'x' }), 403)
  assert.equal(await status('POST /v1/device/approve', { userCode: 'BCDF-GHJK' }), 403)
  assert.equal(await status('DELETE /v1/session'), 204)
})

test('a wrong client is refused with a challenge', async (t) => {
  const { issuer } = await openOAuth(t)
  const as = await discover(issuer)
  for (const auth of [
    oauth.None(),
    oauth.ClientSecretPost(`${CLIENT_SECRET}x`),
    oauth.ClientSecretBasic('x'),
  ]) {
    const steps = new Steps(as, { client: { client_id: 'backend' }, auth })
    const refused = (thrown: unknown) => {
      if (thrown instanceof oauth.ResponseBodyError)
        return refusedWith('invalid_client', 401)(thrown)
      assert.ok(thrown instanceof oauth.WWWAuthenticateChallengeError, String(thrown))
      assert.equal(thrown.cause[0]?.scheme, 'basic')
      return true
    }
    await assert.rejects(steps.start(), refused)
    await assert.rejects(steps.introspect('x'), refused)
  }
})
