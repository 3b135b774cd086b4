import { html } from 'hono/html'
import { errorOf } from '../../core/errors.ts'
import { LatchkeyError, type Refusal } from '../../core/index.ts'
import { safeRedirect } from '../safe-redirect.ts'
import {
  type FormError,
  field,
  missing,
  newPasswordField,
  passwordField,
  usernameField,
} from './layout.ts'
import {
  errorsOf,
  type PageRequest,
  redirect,
  sessionCookies,
  show,
  statusOf,
  textOf,
  type UserPageRequest,
} from './page-context.ts'

/** Returns the path to go to after a login: a path of this site, else the list of sessions. */
function targetOf({ form, url, prefix }: PageRequest): string {
  return safeRedirect(form['next'] ?? url.searchParams.get('next'), `${prefix}/account`)
}

function goTo(page: PageRequest, cookies: readonly string[]): Response {
  const response = redirect(page, '/account', { cookies })
  response.headers.set('location', targetOf(page))
  return response
}

const mayRegister = ({ authority, registration }: PageRequest) =>
  registration && authority.settings.get('registration') === 'open'

/** Shows the form to log in. */
export function showLogin(
  page: PageRequest,
  errors: readonly FormError[] = [],
  status = 200,
): Promise<Response> {
  const { texts, prefix, url, form } = page
  const ended = url.searchParams.get('ended')
  const notices: Readonly<Record<string, string>> = {
    logged_out: texts.noticeLoggedOut,
    session_expired: texts.noticeExpired,
    expired: texts.noticeExpired,
  }
  const notice = ended === null ? undefined : (notices[ended] ?? texts.noticeEnded)
  const next = targetOf(page)
  const body = html`<form class="card" method="post" action="${prefix}/login">
<input type="hidden" name="next" value="${next}">
${field({ name: 'identity', label: texts.identity, autocomplete: 'username', value: form['identity'] ?? '' }, errors)}
${passwordField({ name: 'password', label: texts.password }, errors)}
<button class="wide">${texts.loginButton}</button>
</form>
${
  mayRegister(page)
    ? html`<p class="below"><a href="${prefix}/login/register?${new URLSearchParams({ next })}">${texts.toRegister}</a></p>`
    : ''
}`
  const content = { title: texts.loginTitle, narrow: true, body, errors }
  return show(
    page,
    notice === undefined || errors.length > 0 ? content : { ...content, notice },
    status,
  )
}

/** Verifies a password and sets the cookie of the new session. */
export async function logIn(page: PageRequest): Promise<Response> {
  const { texts, form, authority, source, cookie, request } = page
  const errors = missing(
    form,
    [
      { name: 'identity', label: texts.identity },
      { name: 'password', label: texts.password },
    ],
    texts,
  )
  if (errors.length > 0) return showLogin(page, errors, 422)
  const { identity = '', password = '' } = form
  const present = await authority.authenticate(cookie.find(request.headers), source)
  const login = await authority.login(
    { identity, password, replaces: present.ok ? present : null },
    source,
  )
  if (login.ok) return goTo(page, sessionCookies(page, login))
  const text = textOf(page, login, texts.wrongLogin)
  return showLogin(page, [{ text }], statusOf(login))
}

/** Shows the form to register. */
export function showRegister(
  page: PageRequest,
  errors: readonly FormError[] = [],
  status = 200,
): Promise<Response> {
  const { texts, prefix, form, authority } = page
  if (!mayRegister(page)) {
    throw new LatchkeyError('not_found', texts.notFound)
  }
  const minLength = authority.settings.get('password.minLength')
  const next = targetOf(page)
  const value = (name: string) => form[name] ?? ''
  const body = html`<form class="card" method="post" action="${prefix}/login/register">
<input type="hidden" name="next" value="${next}">
${field({ name: 'name', label: texts.name, autocomplete: 'username', value: value('name') }, errors)}
${field({ name: 'email', label: texts.email, type: 'email', autocomplete: 'email', value: value('email'), required: false }, errors)}
${newPasswordField({ texts, minLength }, errors)}
<button class="wide">${texts.registerButton}</button>
</form>
<p class="below"><a href="${prefix}/login?${new URLSearchParams({ next })}">${texts.toLogin}</a></p>`
  return show(page, { title: texts.registerTitle, narrow: true, body, errors }, status)
}

/** Registers an actor and logs it in. */
export async function register(page: PageRequest): Promise<Response> {
  const { texts, form, authority, source } = page
  const fields = { name: texts.name, email: texts.email, password: texts.newPassword }
  const errors = missing(
    form,
    [
      { name: 'name', label: texts.name },
      { name: 'password', label: texts.newPassword },
    ],
    texts,
  )
  if (errors.length > 0) return showRegister(page, errors, 422)
  const { name = '', email = '', password = '' } = form
  const registration = { name, password, ...(email === '' ? {} : { email }) }
  const refused = (refusal: Refusal) =>
    showRegister(page, errorsOf(page, refusal, fields), statusOf(refusal))
  const registered = await authority.actors.register(registration, source)
  if (!registered.ok) return refused(registered)
  const login = await authority.login({ identity: name, password }, source)
  return login.ok ? goTo(page, sessionCookies(page, login)) : refused(login)
}

/** Shows the form that asks for the password again. */
export function showConfirm(
  page: UserPageRequest,
  errors: readonly FormError[] = [],
  status = 200,
): Promise<Response> {
  const { texts, prefix } = page
  const body = html`<p>${texts.confirmIntro}</p>
<form class="card" method="post" action="${prefix}/account/confirm">
<input type="hidden" name="next" value="${targetOf(page)}">
${usernameField(page.current.actor)}
${passwordField({ name: 'password', label: texts.password }, errors)}
<button class="wide">${texts.confirmButton}</button>
</form>`
  return show(page, { title: texts.confirmTitle, narrow: true, body, errors }, status)
}

/** Verifies the password again, and replaces the cookie. */
export async function confirm(page: UserPageRequest): Promise<Response> {
  const { texts, form, authority, source, current } = page
  const fields = [{ name: 'password', label: texts.password }]
  const errors = missing(form, fields, texts)
  if (errors.length > 0) return showConfirm(page, errors, 422)
  const proved = await authority.stepUp(current, { password: form['password'] ?? '' }, source)
  if (proved.ok) return goTo(page, sessionCookies(page, proved))
  return showConfirm(page, [{ field: 'password', text: textOf(page, proved) }], statusOf(proved))
}

/** Ends the session, and removes the cookies of this client. */
export async function logOut(page: PageRequest): Promise<Response> {
  const { authority, cookie, impersonation, request, source } = page
  const check = await authority.authenticate(cookie.find(request.headers), source)
  if (check.ok) await authority.logout(check, source)
  else if (check.code === 'unavailable') throw errorOf(check)
  const cookies = [cookie.clear(), impersonation.clear()]
  return redirect(page, '/login', { query: { ended: 'logged_out' }, cookies })
}
