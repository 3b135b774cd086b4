/**
 * The script of the list of sessions. A session that ends elsewhere disappears, and the page goes to
 * the login when its own session ends. One tab holds the event stream for all. The page works
 * without the script.
 */
export const SCRIPT = `const list = document.querySelector('[data-events]')
const status = document.querySelector('[role=status]')
for (const time of document.querySelectorAll('time')) {
  const at = new Date(time.dateTime)
  time.textContent = at.toLocaleString(document.documentElement.lang, { dateStyle: 'medium', timeStyle: 'short' })
}
// The answer to a form, such as that of the logout, must not be lost.
let leaving = false
addEventListener('submit', () => { leaving = true })
if (list) {
  const channel = new BroadcastChannel('latchkey pages')
  const show = ({ type, data }) => {
    if (type === 'ended' && !leaving) location.replace(list.dataset.login + '?ended=' + encodeURIComponent(data.reason))
    for (const id of data.ended ?? []) {
      const item = document.getElementById('session-' + id)
      if (!item) continue
      const focused = item.contains(document.activeElement)
      item.remove()
      status.textContent = status.dataset.text
      if (focused) document.querySelector('h1').focus()
    }
  }
  channel.onmessage = (message) => show(message.data)
  const hold = () => new Promise(() => {
    const source = new EventSource(list.dataset.events)
    for (const type of ['sessions', 'ended']) {
      source.addEventListener(type, (event) => {
        const message = { type, data: JSON.parse(event.data) }
        if (type === 'ended') source.close()
        channel.postMessage(message)
        show(message)
      })
    }
  })
  if (navigator.locks) navigator.locks.request('latchkey pages', hold)
  else hold()
}
`
