// Logins with guards, logouts, a custom login view and impersonation: the examples of the Python library imia in TypeScript.
import { createAuthority } from 'latchkey'
import { memory } from 'latchkey/stores/memory'
import { inMemoryUsers, passwordVerifier, userDirectory } from 'latchkey/web'
import { createApp, type User } from './views.ts'

const verifier = passwordVerifier()
const hash = await verifier.hash('correct horse battery')
const user = (id: number, name: string, active: boolean, scopes: string[] = []): User => ({
  loginAttempts: 0,
  active,
  getId: () => id,
  getDisplayName: () => name,
  getHashedPassword: () => hash,
  getScopes: () => scopes,
  getUsernames: () => [`${name}@example.test`],
})
const ada = user(1, 'ada', true)
const eve = user(3, 'eve', true, ['auth:impersonate_others'])
const users = inMemoryUsers([ada, user(2, 'bob', false), eve])
const authority = await createAuthority({ store: memory(), directory: userDirectory(users) })
const app = createApp(authority, users, verifier)

// What a browser does, by hand.
const server = app.listen(0, '127.0.0.1', async () => {
  const address = server.address()
  const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  const jar = new Map<string, string>()
  const post = async (path: string, email = '', password = 'correct horse battery', id = '1') => {
    const body = new URLSearchParams({ email, password, id })
    const headers = { cookie: cookieOf(jar), origin }
    const response = await fetch(origin + path, {
      method: 'POST',
      redirect: 'manual',
      headers,
      body,
    })
    keep(jar, response.headers.getSetCookie())
    const cookie = cookieOf(jar)
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
  await post('/login', 'eve@example.test')
  await post('/impersonate')
  await post('/exit-impersonation')
  server.close()
  await authority.close()
})

function keep(jar: Map<string, string>, headers: readonly string[]): void {
  for (const header of headers) {
    const [name = '', value = ''] = (header.split(';')[0] ?? '').split('=')
    if (value === '') jar.delete(name)
    else jar.set(name, value)
  }
}

function cookieOf(jar: Map<string, string>): string {
  return [...jar].map((pair) => pair.join('=')).join('; ')
}
