/** Returns text for HTML. */
export function text(value: string): string {
  return value.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
}

/** Returns a page. */
export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${text(title)}</title>
<style>
  body { font: 1rem system-ui; max-width: 40rem; margin: 2rem auto; padding: 0 1rem; color-scheme: light dark }
  label { display: block; margin: .5rem 0 } td { padding: .25rem .75rem .25rem 0 } form { margin: .5rem 0 }
</style>
<h1>${text(title)}</h1>
${body}
</html>`
}
