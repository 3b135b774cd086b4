import { DatabaseSync } from 'node:sqlite'
import express, { type Express, type Request } from 'express'
import { type Authority, createAuthority } from 'latchkey'
import { authentication, requireLogin, sessions } from 'latchkey/express'
import { memory } from 'latchkey/stores/memory'
import {
  activeUser,
  authOf,
  endReasonOf,
  formToken,
  LoginManager,
  passwordVerifier,
  safeRedirect,
  sessionAuthenticator,
  sessionOf,
  sqlUsers,
  userDirectory,
  verifyFormToken,
} from 'latchkey/web'
import { page, text } from './page.ts'

const REASONS: Readonly<Record<string, string>> = {
  revoked: 'This session was ended from another browser.',
  expired: 'You were logged out because you were away for too long.',
  logged_out: 'You are logged out.',
}

/** Makes the application on its own table of users. */
export async function createApp(): Promise<{ app: Express; authority: Authority }> {
  // The users table that the application has.
  const db = new DatabaseSync(':memory:')
  db.exec(
    'CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT UNIQUE, password TEXT, active INT)',
  )
  const verifier = passwordVerifier()
  const hash = await verifier.hash('correct horse battery')
  db.prepare('INSERT INTO users VALUES (?, ?, ?, ?)').run(1, 'ada@example.test', hash, 1)

  const users = sqlUsers({
    query: (sql, values) => db.prepare(sql).all(...values.map(String)),
    table: 'users',
    columns: { active: 'active' },
  })
  const authority = await createAuthority({ store: memory(), directory: userDirectory(users) })
  const manager = new LoginManager(users, verifier, process.env['SECRET_KEY'] ?? 'development only')

  const app = express()
  app.use(express.urlencoded({ extended: false }))
  app.use(sessions({ authority, cookie: { secure: 'auto' } }))
  app.use(authentication({ authenticators: [sessionAuthenticator(users)] }))

  app.get('/login', (req, res) => {
    const reason = REASONS[endReasonOf(req) ?? ''] ?? ''
    const failed =
      req.query['error'] === undefined ? '' : 'The e-mail address or the password is wrong.'
    res.send(
      page(
        'Log in',
        `<p role="status">${text(failed || reason)}</p>
        <form method="post">
          ${hidden(req)}
          <label>E-mail <input name="email" type="email" autocomplete="username" required></label>
          <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
          <button>Log in</button>
        </form>`,
      ),
    )
  })

  app.post('/login', async (req, res) => {
    verifyFormToken(req, req.body.form_token)
    const { email, password } = req.body
    const user = await manager.loginOrNull(req, email, password, { guards: [activeUser] })
    if (user === null) res.redirect('/login?error=invalid_credentials')
    else res.redirect(safeRedirect(req.query['next'], '/'))
  })

  app.post('/logout', async (req, res) => {
    verifyFormToken(req, req.body.form_token)
    await manager.logout(req)
    res.redirect('/login')
  })

  app.get('/', requireLogin({ redirect: '/login' }), async (req, res) => {
    const auth = authOf(req)
    const session = sessionOf(req)
    session['visits'] = Number(session['visits'] ?? 0) + 1
    const owner = auth.userId ?? ''
    const current = auth.session?.id ?? ''
    const { items } = await authority.sessions.list({ owner, current })
    const rows = items.map(
      ({ id, client, lastUsedAt, current: own }) =>
        `<tr><td>${text(client.userAgent ?? 'unknown')}</td><td>${text(client.address ?? '')}</td>
        <td>${new Date(lastUsedAt).toLocaleString('en')}</td>
        <td>${own ? 'this browser' : endForm(req, id)}</td></tr>`,
    )
    res.send(
      page(
        'My sessions',
        `<p>Hello, ${text(auth.displayName)}. Visits in this session: ${session['visits']}</p>
        <table>${rows.join('')}</table>
        <form method="post" action="/logout">${hidden(req)}<button>Log out</button></form>`,
      ),
    )
  })

  app.post('/sessions/end', requireLogin(), async (req, res) => {
    verifyFormToken(req, req.body.form_token)
    const owner = authOf(req).userId ?? ''
    await authority.sessions.end({ id: String(req.body.id), owner })
    res.redirect('/')
  })

  return { app, authority }
}

function hidden(req: Request): string {
  return `<input type="hidden" name="form_token" value="${formToken(req)}">`
}

function endForm(req: Request, id: string): string {
  return `<form method="post" action="/sessions/end">${hidden(req)}
    <input type="hidden" name="id" value="${text(id)}"><button>End</button></form>`
}
