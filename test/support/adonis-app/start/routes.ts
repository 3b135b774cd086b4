import router from '@adonisjs/core/services/router'
import Session from '#models/session'
import User from '#models/user'

router.post('/users', async ({ request }) => {
  const user = await User.create({ email: request.input('email') })
  return { id: user.id }
})

router.post('/login', async ({ auth, request }) => {
  const user = await User.findOrFail(request.input('userId'))
  const session = await auth.use('latchkey').login(user, { expiresIn: '1h' })
  const userId: number = session.userId
  return { userId, token: session.value?.release() }
})
router.get('/me', async ({ auth }) => {
  const user: User = await auth.use('latchkey').authenticate()
  const again = await auth.authenticateUsing(['latchkey'])
  return { userId: user.id, same: user === again, sessionId: auth.use('latchkey').session?.id }
})
router.get('/either', async ({ auth }) => {
  const user = await auth.authenticateUsing(['latchkey', 'api'])
  return { userId: user.id, via: auth.authenticatedViaGuard }
})
router.get('/check', async ({ auth }) => ({ loggedIn: await auth.check() }))
router.delete('/session', async ({ auth }) => ({ ended: await auth.use('latchkey').logout() }))

router.get('/moving/me', async ({ auth }) => {
  const user = await auth.use('moving').authenticate()
  return { userId: user.id, sessionId: auth.use('moving').session?.id }
})
router.delete('/moving/session', async ({ auth }) => ({ ended: await auth.use('moving').logout() }))

router.post('/api/token', async ({ request }) => {
  const user = await User.findOrFail(request.input('userId'))
  const token = await User.accessTokens.create(user, request.input('abilities', ['*']))
  return { token: token.value?.release() }
})
/** For the benchmark: the same work with the guards of both. */
router.get('/latchkey/me', async ({ auth }) => {
  return { userId: (await auth.use('latchkey').authenticate()).id }
})
router.get('/api/me', async ({ auth }) => ({ userId: (await auth.use('api').authenticate()).id }))

router.post('/web/login', async ({ auth, request }) => {
  const user = await User.findOrFail(request.input('userId'))
  await auth.use('web').login(user, true)
  return { userId: user.id }
})
router.get('/web/me', async ({ auth }) => ({ userId: (await auth.use('web').authenticate()).id }))

router.post('/counter', async ({ session }) => {
  session.put('count', session.get('count', 0) + 1)
  return { count: session.get('count'), id: session.sessionId }
})
router.delete('/counter', async ({ session }) => {
  session.clear()
  return {}
})

/** For the benchmark: a new session and a new access token, the second without and with a limit of three. */
router.post('/latchkey/create', async ({ request }) => {
  const user = await User.findOrFail(request.input('userId'))
  const session = await Session.manager.create(user, { expiresIn: '1h' })
  return { token: session.value?.release() }
})
router.post('/api/create', async ({ request }) => {
  const user = await User.findOrFail(request.input('userId'))
  const token = await User.accessTokens.create(user, ['*'], { expiresIn: '1h' })
  return { token: token.value?.release() }
})
router.post('/api/create-limited', async ({ request }) => {
  const user = await User.findOrFail(request.input('userId'))
  const token = await User.accessTokens.create(user, ['*'], { expiresIn: '1h' })
  const surplus = (await User.accessTokens.all(user)).slice(3)
  for (const { identifier } of surplus) await User.accessTokens.delete(user, identifier)
  return { token: token.value?.release() }
})
