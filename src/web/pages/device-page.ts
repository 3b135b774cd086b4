import { html } from 'hono/html'
import { errorOf } from '../../core/errors.ts'
import type { DeviceAsking, Refusal } from '../../core/index.ts'
import { clientName } from './client-name.ts'
import { type FormError, field, missing } from './layout.ts'
import { redirect, show, statusOf, textOf, type UserPageRequest } from './page-context.ts'
import { time } from './sessions-page.ts'

const MAX_CODE = 100

/** Shows the form for the code of a device. */
export function showDevice(
  page: UserPageRequest,
  errors: readonly FormError[] = [],
  status = 200,
): Promise<Response> {
  const { texts, prefix, url, form } = page
  const value = (form['code'] ?? url.searchParams.get('user_code') ?? '').slice(0, MAX_CODE)
  const body = html`<p>${texts.deviceIntro}</p>
<form class="card" method="post" action="${prefix}/account/device">
${field({ name: 'code', label: texts.deviceCode, autocomplete: 'one-time-code', value, className: 'code', maxLength: MAX_CODE }, errors)}
<button>${texts.deviceFindButton}</button>
</form>`
  const content = { title: texts.deviceTitle, current: '/account/device', body, errors }
  return show(page, content, status)
}

function showQuestion(page: UserPageRequest, device: DeviceAsking): Promise<Response> {
  const { texts, prefix, form } = page
  const program = clientName({ label: null, userAgent: device.userAgent }, texts)
  const body = html`<p>${texts.deviceQuestion}</p>
<form class="card" method="post" action="${prefix}/account/device">
<input type="hidden" name="code" value="${form['code']}">
<dl>
${device.label === null ? '' : html`<dt>${texts.deviceLabel}</dt><dd>${device.label}</dd>`}
<dt>${texts.deviceProgram}</dt><dd>${program}</dd>
${device.address === null ? '' : html`<dt>${texts.addressLabel}</dt><dd>${device.address}</dd>`}
<dt>${texts.deviceAsked}</dt><dd>${time(device.startedAt, texts.lang)}</dd>
</dl>
<p><strong>${texts.deviceWarning}</strong></p>
<div class="actions">
<button name="decision" value="approve">${texts.approveButton}</button>
<button name="decision" value="deny" class="plain">${texts.denyButton}</button>
</div>
</form>`
  return show(page, { title: texts.deviceTitle, current: '/account/device', body })
}

/** Finds the device of a code, and approves or denies it as the user has decided. */
export async function decideDevice(page: UserPageRequest): Promise<Response> {
  const { texts, form, authority, current, source } = page
  const errors = missing(form, [{ name: 'code', label: texts.deviceCode }], texts)
  if (errors.length > 0) return showDevice(page, errors, 422)
  const { code = '', decision } = form
  if (decision === 'approve' || decision === 'deny') {
    const decided = await authority.devices[decision](current, code, source)
    if (!decided.ok) return refused(page, decided)
    const done = decision === 'approve' ? 'approved' : 'denied'
    return redirect(page, '/account', { query: { done } })
  }
  const found = await authority.devices.find(current, code, source)
  return found.ok ? showQuestion(page, found.device) : refused(page, found)
}

function refused(page: UserPageRequest, refusal: Refusal): Promise<Response> | Response {
  const { prefix, form, texts } = page
  if (refusal.code === 'step_up_required') {
    const next = `${prefix}/account/device?${new URLSearchParams({ user_code: form['code'] ?? '' })}`
    return redirect(page, '/account/confirm', { query: { next } })
  }
  if (refusal.code !== 'not_found' && refusal.code !== 'throttled') throw errorOf(refusal)
  const text = refusal.code === 'not_found' ? texts.codeUnknown : textOf(page, refusal)
  return showDevice(page, [{ field: 'code', text }], statusOf(refusal))
}
