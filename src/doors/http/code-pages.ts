import { hash } from 'node:crypto'

/** A page that takes a one-time code from the fragment of its address. */
export interface CodePage {
  readonly path: '/account/register' | '/account/reset-password'
  readonly title: string
  /** The route that the form is sent to, relative to the page. */
  readonly target: string
  /** The field of the request that holds the code. */
  readonly codeField: 'invitation' | 'code'
  readonly asksName: boolean
  readonly done: string
}

/** The pages that the links with one-time codes lead to. */
export const CODE_PAGES: readonly CodePage[] = [
  {
    path: '/account/register',
    title: 'Register',
    target: '../v1/actors',
    codeField: 'invitation',
    asksName: true,
    done: 'You are registered. Log in now.',
  },
  {
    path: '/account/reset-password',
    title: 'Choose a new password',
    target: '../v1/password-reset',
    codeField: 'code',
    asksName: false,
    done: 'The password is changed. Log in with it now.',
  },
]

// The fragment is removed from the address, so that the code does not stay in the history.
const SCRIPT = `
const form = document.forms[0], answer = document.querySelector('output')
const code = location.hash.slice(1)
history.replaceState(null, '', location.pathname)
if (code !== '') form.code.value = code
form.addEventListener('submit', async (event) => {
  event.preventDefault()
  form.send.disabled = true
  const body = { [form.dataset.code]: form.code.value.trim(), password: form.password.value }
  if (form.name1) body.name = form.name1.value
  if (form.email && form.email.value !== '') body.email = form.email.value
  try {
    const response = await fetch(form.dataset.target, {
      method: 'POST', credentials: 'omit',
      headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
    })
    if (response.ok) { form.hidden = true; answer.value = form.dataset.done; return }
    const problem = await response.json().catch(() => ({}))
    answer.value = problem.detail ?? 'The server refused.'
  } catch { answer.value = 'The server does not answer. Try again.' }
  form.send.disabled = false
})
`

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 24rem; margin: 3rem auto; padding: 0 1rem }
h1 { font-size: 1.4rem } label { display: block; margin: .8rem 0 }
input { display: block; width: 100%; box-sizing: border-box; font: inherit; padding: .4rem }
button { font: inherit; padding: .4rem 1rem } output { display: block; margin: 1rem 0 }
`

const NAME = `<label>Name<input name="name1" required maxlength="254" autocomplete="username"></label>
<label>E-mail address (optional)<input name="email" type="email" maxlength="254" autocomplete="email"></label>`

const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': [
    "default-src 'none'; style-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'",
    `form-action 'none'; frame-ancestors 'none'; script-src 'sha256-${hash('sha256', SCRIPT, 'base64')}'`,
  ].join('; '),
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** Returns the page as HTML. The code is read by its script and sent in the body of one request. */
export function codePage({ title, target, codeField, asksName, done }: CodePage): Response {
  const html = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${title}</title>
<meta name="viewport" content="width=device-width"><style>${STYLE}</style></head>
<body>
<h1>${title}</h1>
<form data-target="${target}" data-code="${codeField}" data-done="${done}">
<label>Code<input name="code" required maxlength="100" autocomplete="off" spellcheck="false"></label>
${asksName ? NAME : ''}
<label>New password<input name="password" type="password" required maxlength="1024" autocomplete="new-password"></label>
<button name="send">${title}</button>
</form>
<output role="status"></output>
<noscript>This page needs JavaScript. On the command line: latchkey account</noscript>
<script>${SCRIPT}</script>
</body></html>`
  return new Response(html, { headers: HEADERS })
}
