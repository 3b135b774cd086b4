// Logins with guards, logouts and a custom login view: the examples of the Python library imia in TypeScript.
import { createAuthority } from 'latchkey'
import { memory } from 'latchkey/stores/memory'
import { inMemoryUsers, passwordVerifier, userDirectory } from 'latchkey/web'
import { createApp, type User } from './views.ts'

const verifier = passwordVerifier()
const hash = await verifier.hash('correct horse battery')
const user = (id: number, name: string, active: boolean): User => ({
  loginAttempts: 0,
  active,
  getId: () => id,
  getDisplayName: () => name,
  getHashedPassword: () => hash,
  getScopes: () => [],
  getUsernames: () => [`${name}@example.test`],
})
const ada = user(1, 'ada', true)
const users = inMemoryUsers([ada, user(2, 'bob', false)])
const authority = await createAuthority({ store: memory(), directory: userDirectory(users) })
const app = createApp(authority, users, verifier)

// What a browser does, by hand.
const server = app.listen(0, '127.0.0.1', async () => {
  const address = server.address()
  const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  let cookie = ''
  const post = async (path: string, email = '', password = 'correct horse battery') => {
    const body = new URLSearchParams({ email, password })
    const headers = { cookie, origin }
    const response = await fetch(origin + path, {
      method: 'POST',
      redirect: 'manual',
      headers,
      body,
    })
    cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? cookie
    const view = await (await fetch(`${origin}/app`, { headers: { cookie } })).text()
    console.log(path, '→', response.headers.get('location'), `(${view})`)
  }
  await post('/login', 'ada@example.test', 'wrong')
  await post('/login', 'ada@example.test')
  await post('/logout')
  await post('/guarded-login', 'bob@example.test')
  await post('/guarded-login', 'ada@example.test')
  await post('/logout')
  ada.loginAttempts = 4
  await post('/guarded-login', 'ada@example.test')
  await post('/custom-login')
  server.close()
  await authority.close()
})
