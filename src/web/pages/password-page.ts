import { html } from 'hono/html'
import {
  type FormError,
  missing,
  newPasswordField,
  passwordField,
  usernameField,
} from './layout.ts'
import { errorsOf, redirect, show, statusOf, textOf, type UserPageRequest } from './page-context.ts'

/** Shows the form to change the password. */
export function showPassword(
  page: UserPageRequest,
  errors: readonly FormError[] = [],
  status = 200,
): Promise<Response> {
  const { texts, prefix, authority, current } = page
  const minLength = authority.settings.get('password.minLength')
  const body = html`<p>${texts.changeIntro}</p>
<form class="card" method="post" action="${prefix}/account/password">
${usernameField(current.actor)}
${passwordField({ name: 'current', label: texts.currentPassword }, errors)}
${newPasswordField({ texts, minLength }, errors)}
<button>${texts.changeButton}</button>
</form>`
  const content = { title: texts.changeTitle, current: '/account/password', body, errors }
  return show(page, content, status)
}

/** Changes the password, and ends the other sessions of the user. */
export async function changePassword(page: UserPageRequest): Promise<Response> {
  const { texts, form, authority, current, source } = page
  const errors = missing(
    form,
    [
      { name: 'current', label: texts.currentPassword },
      { name: 'password', label: texts.newPassword },
    ],
    texts,
  )
  if (errors.length > 0) return showPassword(page, errors, 422)
  const changed = await authority.credentials.changePassword(
    {
      actorId: current.actor.id,
      currentPassword: form['current'] ?? '',
      next: form['password'] ?? '',
      sessions: 'revoke-others',
      current: current.session.id,
    },
    source,
  )
  if (changed.ok) return redirect(page, '/account', { query: { done: 'password' } })
  const wrong = changed.code === 'credentials_invalid' || changed.code === 'throttled'
  const found = wrong
    ? [{ field: 'current', text: textOf(page, changed) }]
    : errorsOf(page, changed, { password: texts.newPassword })
  return showPassword(page, found, statusOf(changed))
}
