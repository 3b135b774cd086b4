// Log in, see my sessions, and end one from another browser, in Express on an existing users table. Open the printed address.
import { createApp } from './app.ts'

const { app } = await createApp()
const server = app.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1', () => {
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : address
  console.log(`http://localhost:${port} (ada@example.test, correct horse battery)`)
})
