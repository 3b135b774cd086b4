import { createHash } from 'node:crypto'
import { html } from 'hono/html'
import type { HtmlEscapedString } from 'hono/utils/html'
import { SCRIPT } from './script.ts'
import { STYLE } from './style.ts'
import { fill, type PageTexts } from './texts.ts'

/** Text of HTML whose values are escaped. */
export type Html = HtmlEscapedString | Promise<HtmlEscapedString>

/** A problem with what a user typed. */
export interface FormError {
  /** The id of the field, if the problem belongs to one. */
  readonly field?: string
  readonly text: string
}

/** The content of a page. */
export interface PageContent {
  readonly title: string
  readonly body: Html
  readonly errors?: readonly FormError[]
  readonly notice?: string | undefined
  /** A narrow column, for a page that is one form. */
  readonly narrow?: boolean
  /** The path of the page in the navigation; without one there is no navigation. */
  readonly current?: string
}

const versionOf = (text: string) =>
  createHash('sha256').update(text).digest('base64url').slice(0, 12)

/** The files of the pages: their path below the prefix, and what they contain. */
export const ASSETS = [
  { path: '/assets/pages.css', type: 'text/css; charset=utf-8', text: STYLE },
  { path: '/assets/pages.js', type: 'text/javascript; charset=utf-8', text: SCRIPT },
].map((asset) => ({ ...asset, version: versionOf(asset.text) }))

/** Returns a whole page. */
export function layout(
  { title, body, errors = [], notice, narrow = false, current }: PageContent,
  { texts, prefix }: { readonly texts: PageTexts; readonly prefix: string },
): Html {
  const [style, script] = ASSETS.map(({ path, version }) => `${prefix}${path}?v=${version}`)
  const link = (path: string, text: string) =>
    html`<li><a href="${prefix}${path}"${current === path ? html` aria-current="page"` : ''}>${text}</a></li>`
  const column = narrow ? html` class="narrow"` : ''
  const shown = errors.length === 0 ? title : `${texts.errorPrefix}${title}`
  return html`<!doctype html>
<html lang="${texts.lang}">
<head>
<meta charset="utf-8">
<title>${shown} – ${texts.site}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<link rel="stylesheet" href="${style}">
<script type="module" src="${script}"></script>
</head>
<body>
<header${column}>
<span class="site">${texts.site}</span>
${
  current === undefined
    ? ''
    : html`<nav aria-label="${texts.navigation}"><ul>
${link('/account', texts.accountLink)}
${link('/account/password', texts.passwordLink)}
${link('/account/device', texts.deviceLink)}
</ul></nav>
<form method="post" action="${prefix}/account/logout"><button class="plain">${texts.logoutButton}</button></form>`
}
</header>
<main${column}>
<h1 tabindex="-1">${title}</h1>
${notice === undefined ? '' : html`<p class="notice" role="status">${notice}</p>`}
${errors.length === 0 ? '' : summary(errors, texts)}
${body}
</main>
</body>
</html>`
}

function summary(errors: readonly FormError[], { errorHeading }: PageTexts): Html {
  const items = errors.map(({ field, text }) =>
    field === undefined ? html`<li>${text}</li>` : html`<li><a href="#${field}">${text}</a></li>`,
  )
  return html`<div class="summary" role="alert" tabindex="-1" autofocus>
<h2>${errorHeading}</h2><ul>${items}</ul></div>`
}

/** Longer than any password that the policy allows. */
const MAX_PASSWORD = 8192

/** A field of a form. */
export interface Field {
  readonly name: string
  readonly label: string
  readonly type?: 'text' | 'password' | 'email'
  readonly autocomplete: string
  readonly value?: string
  readonly hint?: string
  readonly required?: boolean
  readonly className?: string
  readonly maxLength?: number
}

/** Returns a field with its label, its hint and its errors. */
export function field(
  { name, label, type = 'text', autocomplete, value = '', hint, ...rest }: Field,
  errors: readonly FormError[],
): Html {
  const { required = true, className, maxLength = 254 } = rest
  const own = errors.filter((error) => error.field === name)
  const described = [
    hint === undefined ? '' : `${name}-hint`,
    own.length === 0 ? '' : `${name}-error`,
  ]
  const by = described.filter((id) => id !== '').join(' ')
  return html`<div class="field">
<label for="${name}">${label}</label>
${hint === undefined ? '' : html`<span class="hint" id="${name}-hint">${hint}</span>`}
${own.length === 0 ? '' : html`<span class="error" id="${name}-error">${own.map(({ text }) => text).join(' ')}</span>`}
<input id="${name}" name="${name}" type="${type}" autocomplete="${autocomplete}" maxlength="${maxLength}" value="${value}"${
    required ? html` required` : ''
  }${className === undefined ? '' : html` class="${className}"`}${
    type === 'password' ? '' : html` autocapitalize="none" spellcheck="false"`
  }${by === '' ? '' : html` aria-describedby="${by}"`}${own.length === 0 ? '' : html` aria-invalid="true"`}>
</div>`
}

/** Returns the errors of required fields that are empty. */
export function missing(
  form: Readonly<Record<string, string>>,
  fields: readonly Pick<Field, 'name' | 'label'>[],
  { required }: PageTexts,
): FormError[] {
  return fields
    .filter(({ name }) => (form[name] ?? '') === '')
    .map(({ name, label }) => ({ field: name, text: fill(required, { field: label }) }))
}

/** Returns the field for a new password, with the least length if there is one. */
export function newPasswordField(
  { texts, minLength }: { readonly texts: PageTexts; readonly minLength: number },
  errors: readonly FormError[],
): Html {
  const hint = minLength > 1 ? { hint: fill(texts.passwordHint, { minLength }) } : {}
  const kind = { type: 'password', autocomplete: 'new-password', maxLength: MAX_PASSWORD } as const
  return field({ name: 'password', label: texts.newPassword, ...kind, ...hint }, errors)
}

/** Returns the field for the present password. */
export function passwordField(
  { name, label }: { readonly name: string; readonly label: string },
  errors: readonly FormError[],
): Html {
  const kind = {
    type: 'password',
    autocomplete: 'current-password',
    maxLength: MAX_PASSWORD,
  } as const
  return field({ name, label, ...kind }, errors)
}

/** Returns the name of the user as a field that only password managers see. */
export function usernameField({ name }: { readonly name: string }): Html {
  return html`<input type="text" name="username" autocomplete="username" value="${name}" readonly hidden>`
}
