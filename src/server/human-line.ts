/**
 * Formats a line of the JSON log for people: time, level, message, and the other fields as `key=value`. Every line in gives one line out.
 * `pino-pretty` is not used: it writes control characters as they are, which lets a client's input control the terminal, and
 * spreads an error over several lines.
 */
export function humanLine(json: string): string {
  let entry: Record<string, unknown>
  try {
    entry = JSON.parse(json)
  } catch {
    return json
  }
  const { time, level, msg, err, ...rest } = entry
  const clock = typeof time === 'string' ? new Date(time).toTimeString().slice(0, 8) : ''
  const words = [clock, String(level).toUpperCase().padEnd(5), String(msg ?? '')]
  for (const [key, value] of Object.entries(rest)) {
    words.push(`${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  }
  if (err !== undefined) words.push(errorText(err))
  return `${escapeControls(words.filter((word) => word !== '').join(' '))}\n`
}

function errorText(err: unknown): string {
  const { stack, message } = err as { stack?: unknown; message?: unknown }
  return String(stack ?? message ?? JSON.stringify(err)).replace(/\n\s*/g, ' | ')
}

function escapeControls(text: string): string {
  return text.replace(
    /\p{Cc}/gu,
    (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}
