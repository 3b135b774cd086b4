import { domainToASCII, domainToUnicode } from 'node:url'
import { type Canonical, MAX_IDENTITY_UNITS, refused } from './canonical.ts'

// RFC 5321, section 4.1.2: Dot-string.
const LOCAL_PART = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
const MAX_LOCAL_UNITS = 64

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const MAX_DOMAIN_UNITS = 253

/**
 * Returns the form in which an e-mail address is compared and stored: `Local-part@Domain` of RFC
 * 5321 in lower case, the domain mapped by UTS 46 in its ASCII form, so that `bücher.example` is
 * `xn--bcher-kva.example`. Outer white space is removed. Refuses every other form: quoted and
 * non-ASCII local parts, display names, address literals, a final dot.
 */
export function canonicalEmail(text: string): Canonical {
  const address = text.trim()
  const at = address.lastIndexOf('@')
  const local = address.slice(0, at).toLowerCase()
  const domain = canonicalDomain(address.slice(at + 1))
  if (at < 1 || local.length > MAX_LOCAL_UNITS || !LOCAL_PART.test(local) || domain === null) {
    return refused('is not an e-mail address')
  }
  const value = `${local}@${domain}`
  return value.length > MAX_IDENTITY_UNITS ? refused('is too long') : { ok: true, value }
}

function canonicalDomain(text: string): string | null {
  // The runtime parses a URL's host, with ports and escapes, so other characters than those of a
  // domain are refused first.
  if (text.length > MAX_DOMAIN_UNITS || /[^A-Za-z0-9.\u0080-\u{10ffff}-]/u.test(text)) return null
  const domain = domainToASCII(text)
  const labels = domain.split('.')
  if (domain.length > MAX_DOMAIN_UNITS || !labels.every(isLabel)) return null
  // No top-level domain is a number: such a text is an IPv4 address in one of its URL notations.
  return /^(?:\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '') ? null : domain
}

function isLabel(label: string): boolean {
  if (!LABEL.test(label)) return false
  if (!label.startsWith('xn--')) return true
  // The runtime does not check a domain that is already ASCII.
  const unicode = domainToUnicode(label)
  return unicode !== label && domainToASCII(unicode) === label
}
