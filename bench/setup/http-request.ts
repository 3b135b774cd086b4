/** A request in full, as `http-load` sends it. `header` is one line, without its end. */
export function httpRequest(
  line: string,
  { header, body }: { readonly header?: string; readonly body?: unknown } = {},
): string {
  const text = body === undefined ? '' : JSON.stringify(body)
  const lines = [
    `${line} HTTP/1.1`,
    'host: 127.0.0.1',
    'user-agent: latchkey-bench',
    'accept: */*',
    ...(header === undefined ? [] : [header]),
    ...(body === undefined
      ? []
      : ['content-type: application/json', `content-length: ${Buffer.byteLength(text)}`]),
  ]
  return `${lines.join('\r\n')}\r\n\r\n${text}`
}
