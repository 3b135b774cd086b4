/** The names of a function's parameters, in order. Null stands for a parameter without a name, such as a destructured one. */
export type ParameterNames = readonly (string | null)[]

/**
 * Reads the names of a function's parameters from its source, which may be a function, a method or an arrow function, with default values
 * and comments. A rest parameter and a destructured one have no name. Returns null for a function without a source, such as a bound one.
 */
export function parameterNames(fn: (...args: never[]) => unknown): ParameterNames | null {
  const source = withoutComments(Function.prototype.toString.call(fn))
  if (source.includes('[native code]')) return null
  const arrow = /^(?:async\s+)?([\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*)\s*=>/u.exec(source)
  if (arrow?.[1] !== undefined) return [arrow[1]]
  const open = openingOf(source)
  if (open === -1) return null
  return topLevelParts(source, open + 1).map(nameOf)
}

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u

function nameOf(parameter: string): string | null {
  const name = (/^([^=]*)/.exec(parameter)?.[1] ?? '').trim()
  return IDENTIFIER.test(name) ? name : null
}

// The name of a method may be computed or quoted, and contain parentheses.
function openingOf(source: string): number {
  for (let at = 0; at < source.length; at++) {
    const sign = source[at]
    if (sign === '(') return at
    if (isQuote(sign)) at = endOfText(source, at)
    else if (sign === '[') at = endOfGroup(source, at)
  }
  return -1
}

const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' }

function topLevelParts(source: string, start: number): string[] {
  const parts: string[] = []
  let from = start
  for (let at = start; at < source.length; at++) {
    const sign = source[at] ?? ''
    if (sign === ')' || sign === ',') {
      const part = source.slice(from, at).trim()
      if (part !== '') parts.push(part)
      from = at + 1
      if (sign === ')') return parts
    } else if (isQuote(sign)) at = endOfText(source, at)
    else if (sign in CLOSING) at = endOfGroup(source, at)
  }
  return parts
}

function isQuote(sign: string | undefined): boolean {
  return sign === '"' || sign === "'" || sign === '`'
}

/** Returns the position of the bracket that closes the one at `start`. */
function endOfGroup(source: string, start: number): number {
  const closing = CLOSING[source[start] ?? '']
  for (let at = start + 1; at < source.length; at++) {
    const sign = source[at] ?? ''
    if (sign === closing) return at
    if (isQuote(sign)) at = endOfText(source, at)
    else if (sign in CLOSING) at = endOfGroup(source, at)
  }
  return source.length
}

/** Returns the position of the quotation mark that closes the one at `start`. The substitutions of a template are skipped. */
function endOfText(source: string, start: number): number {
  const quote = source[start]
  for (let at = start + 1; at < source.length; at++) {
    if (source[at] === '\\') at++
    else if (source[at] === quote) return at
    else if (quote === '`' && source[at] === '$' && source[at + 1] === '{') {
      at = endOfGroup(source, at + 1)
    }
  }
  return source.length
}

function withoutComments(source: string): string {
  let text = ''
  for (let at = 0; at < source.length; at++) {
    const sign = source[at]
    if (isQuote(sign)) {
      const end = endOfText(source, at)
      text += source.slice(at, end + 1)
      at = end
    } else if (sign === '/' && source[at + 1] === '/') {
      at = until(source, '\n', at)
      text += '\n'
    } else if (sign === '/' && source[at + 1] === '*') {
      at = until(source, '*/', at + 2) + 1
      text += ' '
    } else text += sign
  }
  return text
}

function until(source: string, mark: string, from: number): number {
  const at = source.indexOf(mark, from)
  return at === -1 ? source.length : at
}
