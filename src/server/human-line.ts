/** A line of the JSON log as a person reads it: time, level, message, the rest as `key=value`. One line in, one line out. */
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
  return `${plain(words.filter((word) => word !== '').join(' '))}\n`
}

function errorText(err: unknown): string {
  const { stack, message } = err as { stack?: unknown; message?: unknown }
  return String(stack ?? message ?? JSON.stringify(err)).replace(/\n\s*/g, ' | ')
}

// What a stranger sent must not steer the terminal it is read on.
function plain(text: string): string {
  return text.replace(
    /\p{Cc}/gu,
    (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}
