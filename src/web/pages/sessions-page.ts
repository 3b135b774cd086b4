import { html } from 'hono/html'
import type { SessionListing } from '../../core/index.ts'
import { clientName } from './client-name.ts'
import type { Html } from './layout.ts'
import { type PagesContext, redirect, show, type UserPageRequest } from './page-context.ts'
import { fill } from './texts.ts'

const PAGE = 50

/** Shows the sessions of the user. */
export async function showSessions(page: UserPageRequest): Promise<Response> {
  const { texts, prefix, authority, current, source, url } = page
  const { actor, session } = current
  const after = url.searchParams.get('after')?.slice(0, 200)
  const query = { owner: actor.id, current: session.id, limit: PAGE }
  const { items, next } = await authority.sessions.list(after ? { ...query, after } : query, source)
  // This session comes first, because it is the one that a user recognises.
  const sorted = [...items.filter((item) => item.current), ...items.filter((item) => !item.current)]
  const notices: Readonly<Record<string, string>> = {
    password: texts.noticePassword,
    approved: texts.noticeApproved,
    denied: texts.noticeDenied,
  }
  const body = html`<p>${fill(texts.accountIntro, { name: actor.name })}</p>
<p class="quiet" role="status" data-text="${texts.sessionEnded}"></p>
<ul class="sessions" data-events="${prefix}/account/events" data-login="${prefix}/login">
${sorted.map((item) => row(page, item))}
</ul>
${next === undefined ? '' : html`<p><a href="?${new URLSearchParams({ after: next })}">${texts.moreSessions}</a></p>`}
${
  items.length < 2
    ? ''
    : html`<form method="post" action="${prefix}/account/sessions/end-others"><button class="plain">${texts.endOthersButton}</button></form>`
}`
  const notice = notices[url.searchParams.get('done') ?? '']
  return show(page, { title: texts.accountTitle, current: '/account', body, notice })
}

function row({ texts, prefix }: PagesContext, listing: SessionListing): Html {
  const { id, client, lastUsedAt, createdAt, current } = listing
  const name = clientName(client, texts)
  const label = fill(texts.endLabel, { client: name })
  return html`<li class="card" id="session-${id}">
<div><h2>${name}</h2>${current ? html`<span class="badge">${texts.thisSession}</span>` : ''}
<dl>
${client.address === null ? '' : html`<dt>${texts.addressLabel}</dt><dd>${client.address}</dd>`}
<dt>${texts.lastUsedLabel}</dt><dd>${time(lastUsedAt, texts.lang)}</dd>
<dt>${texts.createdLabel}</dt><dd>${time(createdAt, texts.lang)}</dd>
</dl></div>
${
  current
    ? ''
    : html`<form method="post" action="${prefix}/account/sessions/end"><input type="hidden" name="id" value="${id}">
<button class="plain" aria-label="${label}">${texts.endButton}</button></form>`
}
</li>`
}

/** Returns a time in UTC, which the script of the page replaces by the local time. */
export function time(at: number, lang: string): Html {
  const date = new Date(at)
  const options = { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' } as const
  const shown = new Intl.DateTimeFormat(lang, options).format(date)
  return html`<time datetime="${date.toISOString()}">${shown} UTC</time>`
}

/** Ends one session of the user. */
export async function endSession(page: UserPageRequest): Promise<Response> {
  const { authority, form, current, source } = page
  const { id: owner } = current.actor
  const which = { id: form['id'] ?? '', owner }
  await authority.sessions.end(which, { ...source, by: owner })
  return redirect(page, '/account')
}

/** Ends all sessions of the user except this one. */
export async function endOtherSessions(page: UserPageRequest): Promise<Response> {
  const { authority, current, source } = page
  const { id: owner } = current.actor
  const which = { owner, except: current.session.id }
  await authority.sessions.end(which, { ...source, by: owner })
  return redirect(page, '/account')
}
