import Session from '#models/session'
import User from '#models/user'
import { test } from '@japa/runner'
import { createUser } from './users.js'

test.group('the login guard', () => {
  test('logs in, is asked by auth, and logs out', async ({ client, assert }) => {
    const user = await createUser()
    const login = await client.post('/login').json({ userId: user.id })
    login.assertStatus(200)
    const { token } = login.body()
    const me = await client.get('/me').bearerToken(token)
    me.assertStatus(200)
    assert.containsSubset(me.body(), { userId: user.id, same: true })
    const either = await client.get('/either').bearerToken(token)
    assert.deepEqual(either.body(), { userId: user.id, via: 'latchkey' })
    assert.deepEqual((await client.delete('/session').bearerToken(token)).body(), { ended: true })
    ;(await client.get('/me').bearerToken(token)).assertStatus(401)
    assert.deepEqual((await client.delete('/session').bearerToken(token)).body(), { ended: false })
  })

  test('loginAs makes a session, with the default guard and by name', async ({ client, assert }) => {
    const user = await createUser()
    for (const request of [
      client.get('/me').loginAs(user),
      client.get('/me').withGuard('latchkey').loginAs(user, { expiresIn: '1h' }),
    ]) {
      const me = await request
      me.assertStatus(200)
      assert.equal(me.body().userId, user.id)
    }
    const [session] = await Session.manager.list(user)
    assert.isNotNull(session?.expiresAt)
  })

  test('tokens of another guard go to that guard', async ({ client, assert }) => {
    const user = await createUser()
    const api = await client.get('/either').withGuard('api').loginAs(user)
    assert.deepEqual(api.body(), { userId: user.id, via: 'api' })
    assert.deepEqual((await client.get('/check')).body(), { loggedIn: false })
    assert.deepEqual((await client.get('/check').loginAs(user)).body(), { loggedIn: true })
  })

  test('a request without a session is refused in the shape it accepts', async ({ client, assert }) => {
    const json = await client.get('/me').accept('json')
    json.assertStatus(401)
    assert.deepEqual(json.body(), { errors: [{ message: 'Not a valid session' }] })
    const api = await client.get('/me').header('accept', 'application/vnd.api+json')
    assert.deepEqual(JSON.parse(api.text()), {
      errors: [{ code: 'E_INVALID_SESSION', title: 'Not a valid session' }],
    })
    const html = await client.get('/me').header('accept', 'text/html')
    assert.equal(html.status(), 401)
    assert.equal(html.text(), 'Not a valid session')
  })

  test('a session of a deleted user is refused', async ({ client }) => {
    const user = await createUser()
    const session = await Session.manager.create(user)
    await User.query().where('id', user.id).delete()
    const me = await client.get('/me').bearerToken(session.value?.release() ?? '')
    me.assertStatus(401)
  })

  test('events reach the emitter of the application', async ({ client, assert }) => {
    const { default: emitter } = await import('@adonisjs/core/services/emitter')
    const user = await createUser()
    const seen: string[] = []
    emitter.on('session:created', ({ userId }) => void seen.push(`created ${userId}`))
    emitter.on('session:ended', ({ userId, reason }) => void seen.push(`${reason} ${userId}`))
    await client.delete('/session').loginAs(user)
    assert.deepEqual(seen, [`created ${user.id}`, `logged_out ${user.id}`])
  })
})
