import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import * as oidc from 'openid-client'
import { CLIENT_SECRET, openOAuth } from '../../../../test/support/oauth.ts'

const OPTIONS = { algorithm: 'oauth2' as const, execute: [oidc.allowInsecureRequests] }

async function openClient(t: TestContext, id = 'kettle', auth: oidc.ClientAuth = oidc.None()) {
  const opened = await openOAuth(t)
  const { clock } = opened.fixture
  const config = await oidc.discovery(opened.issuer, id, undefined, auth, OPTIONS)
  // The client does not wait, so the clock of the server does not either.
  config[oidc.customFetch] = (url, init) => {
    clock.advance(5000)
    return fetch(url, init as RequestInit)
  }
  const start = async () => ({
    ...(await oidc.initiateDeviceAuthorization(config, {})),
    interval: 0,
  })
  const grant = async () => {
    const started = await start()
    await opened.approve(started.user_code)
    return oidc.pollDeviceAuthorizationGrant(config, started)
  }
  return { ...opened, config, start, grant }
}

function refusedWith(error: string) {
  return (thrown: unknown) => {
    assert.ok(thrown instanceof oidc.ResponseBodyError, String(thrown))
    assert.equal(thrown.error, error)
    return true
  }
}

test('openid-client discovers the server and its keys', async (t) => {
  const { config, issuer } = await openClient(t)
  const metadata = config.serverMetadata()
  assert.equal(metadata.issuer, issuer.origin)
  assert.equal(metadata.revocation_endpoint, `${issuer.origin}/oauth/revoke`)
})

test('openid-client polls until the device is approved', async (t) => {
  const { config, start, approve } = await openClient(t)
  const started = await start()
  const send = config[oidc.customFetch] ?? fetch
  const answers: number[] = []
  config[oidc.customFetch] = async (url, init) => {
    const response = await send(url, init as never)
    answers.push(response.status)
    if (answers.length === 2) await approve(started.user_code)
    return response
  }
  const tokens = await oidc.pollDeviceAuthorizationGrant(config, started)
  assert.deepEqual(answers, [400, 400, 200])
  assert.equal(tokens.scope, 'user poet')
})

test('openid-client stops at a denied and at an expired device', async (t) => {
  const { config, start, deny, fixture } = await openClient(t)
  const [denied, expired] = [await start(), await start()]
  await deny(denied.user_code)
  await assert.rejects(
    oidc.pollDeviceAuthorizationGrant(config, denied),
    refusedWith('access_denied'),
  )
  fixture.clock.advance(600_000)
  await assert.rejects(
    oidc.pollDeviceAuthorizationGrant(config, expired),
    refusedWith('expired_token'),
  )
})

test('openid-client refreshes, repeats a lost answer and is refused a replay', async (t) => {
  const { config, grant } = await openClient(t)
  const refresh = (token: string | undefined) => oidc.refreshTokenGrant(config, token ?? '')
  const first = await grant()
  const second = await refresh(first.refresh_token)
  assert.equal((await refresh(first.refresh_token)).access_token, second.access_token)
  const third = await refresh(second.refresh_token)
  await assert.rejects(refresh(first.refresh_token), refusedWith('invalid_grant'))
  await assert.rejects(refresh(third.refresh_token), refusedWith('invalid_grant'))
})

for (const [method, auth] of [
  ['client_secret_basic', oidc.ClientSecretBasic(CLIENT_SECRET)],
  ['client_secret_post', oidc.ClientSecretPost(CLIENT_SECRET)],
] as const) {
  test(`openid-client introspects and revokes both tokens by ${method}`, async (t) => {
    const { config, grant } = await openClient(t, 'backend', auth)
    for (const which of ['access_token', 'refresh_token'] as const) {
      const tokens = await grant()
      const { access_token: token } = tokens
      const before = await oidc.tokenIntrospection(config, token, {
        token_type_hint: 'access_token',
      })
      assert.deepEqual([before.active, before['client_id']], [true, 'backend'])
      await oidc.tokenRevocation(config, tokens[which] ?? '', { token_type_hint: which })
      assert.deepEqual(await oidc.tokenIntrospection(config, token), { active: false })
    }
  })
}

test('openid-client introspects by a bearer token', async (t) => {
  const { fixture, issuer, grant } = await openClient(t)
  const { token } = await fixture.person('service', ['introspect'])
  const bearer: oidc.ClientAuth = (_as, client, body, headers) => {
    body.set('client_id', client.client_id)
    headers.set('authorization', `Bearer ${token}`)
  }
  const config = await oidc.discovery(issuer, 'anything', undefined, bearer, OPTIONS)
  const { access_token } = await grant()
  const answer = await oidc.tokenIntrospection(config, access_token)
  assert.deepEqual(
    [answer.active, answer.scope, answer['client_id']],
    [true, 'user poet', 'kettle'],
  )
})
